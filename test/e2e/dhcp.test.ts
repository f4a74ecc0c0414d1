import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const reference = resolve('dist/reference');
const conf = {
  cniVersion: '1.1.0',
  name: 'lab-dhcp',
  type: 'bridge',
  bridge: 'lab-br1',
  ipam: { type: 'dhcp' },
};

describe.each(executables)(
  "%s and Go's dhcp plugin, its daemon, and a DHCP server on the bridge",
  (_name, bridge) => {
    const host = useHost('c1', 'server');
    const running: ChildProcess[] = [];

    /** Starts a program that goes on in the host until the test ends. */
    function start(...argv: string[]): void {
      running.push(spawn('nsenter', [...host.entering, ...argv], { stdio: 'ignore' }));
    }

    beforeEach(() => {
      host.sh(`ip link add lab-br1 address 02:15:20:00:00:01 type bridge && ip link set lab-br1 up
      sysctl -qw net.ipv6.conf.lab-br1.accept_ra=0
      ip link add port0 master lab-br1 type veth peer name eth0 netns server
      ip link set port0 up && ip -n server link set lo up && ip -n server link set eth0 up
      ip -n server addr add 10.15.30.1/24 dev eth0; mkdir /run/cni`);
      start(
        ...'ip netns exec server dnsmasq --keep-in-foreground --user=root --conf-file=/dev/null --port=0'.split(
          ' ',
        ),
        '--interface=eth0',
        '--dhcp-range=10.15.30.50,10.15.30.50,255.255.255.0,1h',
        '--dhcp-option=3,10.15.30.1',
        '--dhcp-leasefile=/run/dnsmasq.leases',
        '--pid-file=/run/dnsmasq.pid',
        '--no-ping',
      );
      start(`${reference}/dhcp`, 'daemon', '-socketpath', '/run/cni/dhcp.sock', '-pidfile', '/run/dhcp.pid');
      host.sh('until [ -S /run/cni/dhcp.sock ] && [ -s /run/dnsmasq.pid ]; do sleep 0.05; done');
    });
    afterEach(async () => {
      // Each command that leads to a program has become it.
      for (const child of running.splice(0)) {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
    });

    const env = { CNI_PATH: reference };
    const leases = (): string => host.sh('cat /run/dnsmasq.leases');

    test.each(['0.4.0', '1.1.0'])(
      'version %s: the lease is used, checked, and given back by DEL',
      (cniVersion) => {
        const before = host.snapshot('c1', 'server');
        const prevResult = add(host, bridge, { conf: { ...conf, cniVersion }, env });
        expect(prevResult.ips).toMatchObject([
          { interface: 2, address: '10.15.30.50/24', gateway: '10.15.30.1' },
        ]);
        expect(leases()).toContain(`${prevResult.interfaces[2]?.mac} 10.15.30.50`);
        host.sh('ip netns exec c1 ping -c 1 -W 5 10.15.30.1');
        const again = { conf: { ...conf, cniVersion, prevResult }, env };
        expect(call(host, bridge, 'CHECK', again)).toMatchObject({ status: 0, stdout: '' });
        if (cniVersion === '1.1.0') {
          expect(call(host, bridge, 'STATUS', again)).toMatchObject({ status: 0, stdout: '' });
        }
        del(host, bridge, again);
        del(host, bridge, again);
        expect(host.snapshot('c1', 'server')).toBe(before);
      },
    );

    test('with the daemon gone: its error is reported, and all is undone', () => {
      const before = host.snapshot('c1', 'server');
      const ipam = { type: 'dhcp', daemonSocketPath: '/run/cni/nowhere.sock' };
      const error = failure(host, bridge, 'ADD', { conf: { ...conf, ipam }, env });
      expect(`${error.msg} ${error.details ?? ''}`).toContain('/run/cni/nowhere.sock');
      expect(host.snapshot('c1', 'server')).toBe(before);
    });
  },
);
