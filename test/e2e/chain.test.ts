import { resolve } from 'node:path';
import { executables } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const reference = resolve('dist/reference');
const rate = {
  ingressRate: 80_000_000,
  ingressBurst: 80_000_000,
  egressRate: 80_000_000,
  egressBurst: 80_000_000,
};

/** The plugins of a list that begins with ours. The Go firewall plugin has no version before 0.4.0. */
function conflist(cniVersion: string): object {
  return {
    cniVersion,
    name: 'lab-br1',
    plugins: [
      {
        type: 'bridge',
        bridge: 'lab-br1',
        isGateway: true,
        ipMasq: true,
        ipam: { type: 'host-local', subnet: '10.15.20.0/24', routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      ...(cniVersion === '0.3.1' ? [] : [{ type: 'firewall', backend: 'iptables' }]),
      {
        type: 'tuning',
        sysctl: { 'net.ipv4.conf.IFNAME.log_martians': '1' },
        mac: '02:15:20:00:00:05',
        mtu: 1400,
      },
      { type: 'bandwidth', ...rate },
    ],
  };
}

interface ChainResult {
  readonly cniVersion: string;
  readonly interfaces: { name: string; mac: string; sandbox?: string }[];
  readonly ips: object[];
}

describe.each(executables)("%s at the head of Go's plugins, called by libcni", (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    host.makeNeighbour();
    host.sh(`mkdir /run/net /run/path; ln -s ${bridge} /run/path/bridge
      for plugin in portmap firewall tuning bandwidth; do ln -s ${reference}/$plugin /run/path; done`);
  });

  function cnitool(command: string): Outcome {
    const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }];
    return host.run([`${reference}/cnitool`, command, 'lab-br1', '/run/netns/c1'], {
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        NETCONFPATH: '/run/net',
        CNI_PATH: '/run/path',
        CAP_ARGS: JSON.stringify({ portMappings }),
      },
    });
  }
  const well = { status: 0, stderr: '' };

  test.each(['0.3.1', '0.4.0', '1.0.0', '1.1.0'])(
    'version %s: ADD, CHECK, traffic through the port, DEL',
    (version) => {
      host.run(['sh', '-c', 'cat >/run/net/lab.conflist'], { input: JSON.stringify(conflist(version)) });
      // The first round leaves the Go plugins' chains, and a bridge with nothing on it.
      expect(cnitool('add')).toMatchObject(well);
      expect(cnitool('del')).toMatchObject(well);
      const before = host.snapshot('c1');

      const added = cnitool('add');
      expect(added).toMatchObject(well);
      const result: ChainResult = JSON.parse(added.stdout);
      expect(result).toMatchObject({
        cniVersion: version,
        ips: [{ address: '10.15.20.3/24', interface: 2 }],
      });
      expect(result.interfaces.map(({ sandbox }) => sandbox)).toEqual([
        undefined,
        undefined,
        '/run/netns/c1',
        undefined,
      ]);
      expect(result.interfaces[2]?.mac).toBe('02:15:20:00:00:05');
      expect(host.sh('tc qdisc')).toContain(`tbf 1: dev ${result.interfaces[1]?.name}`);
      host.serve('c1');
      const curl = 'curl -s --max-time 10 http://192.0.2.1:8080';
      expect(host.sh(`ip netns exec beyond ${curl}`)).toBe('seen from 192.0.2.2');

      const hasCheck = version !== '0.3.1';
      if (hasCheck) expect(cnitool('check')).toMatchObject(well);
      if (version === '1.1.0') expect(cnitool('status')).toMatchObject(well);
      host.sh(`ip link set ${result.interfaces[1]?.name} nomaster`);
      if (hasCheck) {
        expect(cnitool('check')).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('expected a port of lab-br1'),
        });
      }
      expect(cnitool('del')).toMatchObject(well);
      expect(cnitool('del')).toMatchObject(well);
      expect(host.snapshot('c1')).toBe(before);
    },
  );

  test('version 1.1.0: GC by cnitool, which sends no list, deletes what it added and succeeds', () => {
    host.run(['sh', '-c', 'cat >/run/net/lab.conflist'], { input: JSON.stringify(conflist('1.1.0')) });
    expect(cnitool('add')).toMatchObject(well);
    expect(cnitool('gc')).toMatchObject({
      status: 0,
      stderr: 'cni.dev/valid-attachments is missing: everything is kept\n',
    });
    expect(host.sh('ip -o link show type veth | grep -v up0 || true')).toBe('');
    expect(
      host.sh('find /var/lib/cni/networks -name "10.*"; nft list tables | grep cni-bridge || true'),
    ).toBe('');
  });
});
