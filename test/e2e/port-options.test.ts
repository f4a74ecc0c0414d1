import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const ranges = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]];
const both = { ...article, ipMasq: false, ipam: { type: 'host-local', ranges } };
const second = { containerID: 'c2', netns: '/run/netns/c2' };
const third = { containerID: 'c3', netns: '/run/netns/c3' };

interface PortJson {
  linkinfo?: { info_slave_data?: Record<string, unknown> };
}

describe.each(executables)('options of a port and a bridge of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'c3');

  /** An ADD that fails by a route to nowhere, when the port is there. */
  const failAdd = (conf: typeof both): void => {
    const routes = [{ dst: '198.51.100.0/24', gw: '10.99.0.1' }];
    const refused = { ...conf, ipam: { ...conf.ipam, routes } };
    expect(failure(host, bridge, 'ADD', { conf: refused }).msg).toContain('route');
  };

  const portOf = (name: string | undefined) =>
    host.json<PortJson[]>(`ip -j -d link show ${name}`)[0]?.linkinfo?.info_slave_data;

  /** The first ICMP frame that a container sees while a command runs: source and destination. */
  const firstSeen = (container: string, command: string): string =>
    host.sh(`ip netns exec ${container} tcpdump -lnne --immediate-mode -c 1 -i eth0 icmp >/run/seen 2>/run/started & pid=$!
      until grep -q listening /run/started; do kill -0 $pid || exit; done
      { ${command}; } >/run/sent 2>&1 || true
      wait $pid; cat /run/seen`);

  const settings: [string, object, Record<string, unknown>, [string, string]][] = [
    ['hairpinMode', { hairpinMode: true }, { hairpin: true }, ['hairpin off', 'expected true, found false']],
    [
      'portIsolation',
      { portIsolation: true },
      { isolated: true },
      ['isolated off', 'expected true, found false'],
    ],
    ['learning', { learning: false }, { learning: false }, ['learning on', 'expected false, found true']],
    ['proxyArp', { proxyArp: true }, { proxy_arp: true }, ['proxy_arp off', 'expected true, found false']],
    [
      'neighSuppress',
      { neighSuppress: true },
      { neigh_suppress: true },
      ['neigh_suppress off', 'expected true, found false'],
    ],
    [
      'groupFwdMask',
      { groupFwdMask: 0x4001 },
      { group_fwd_mask: '0x4001' },
      ['group_fwd_mask 8', 'expected 16385, found 8'],
    ],
  ];
  const byDefault = { learning: true, proxy_arp: false, neigh_suppress: false, group_fwd_mask: '0' };

  test.each(settings)(
    '%s: the port has it, CHECK finds it changed, and it goes with a DEL or an ADD that fails',
    (name, options, kernel, [change, details]) => {
      const conf = { ...both, ...options };
      const before = host.snapshot('c1');
      failAdd(conf);
      expect(host.snapshot('c1')).toBe(before);

      const prevResult = add(host, bridge, { conf });
      const port = prevResult.interfaces[1]?.name;
      expect(portOf(port)).toMatchObject({ ...byDefault, ...kernel });
      const other = add(host, bridge, { conf: both, ...second });
      expect(portOf(other.interfaces[1]?.name)).toMatchObject(byDefault);
      const request = { conf: { ...conf, prevResult } };
      expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
      host.sh(`ip link set ${port} type bridge_slave ${change}`);
      expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
        msg: `not as it was set up: ${name} of ${port}`,
        details,
      });
      // Whoever did not ask for it may change it.
      expect(call(host, bridge, 'CHECK', { conf: { ...both, prevResult } })).toMatchObject({ status: 0 });
      del(host, bridge, { conf: both });
      del(host, bridge, { conf: both, ...second });
      host.sh('ip link del lab-br1; sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0');
      expect(host.snapshot('c1')).toBe(before);
    },
  );

  test('learning off: frames for the container go to its port alone, and an address that it makes up is not learnt', () => {
    const conf = { ...both, learning: false };
    const prevResult = add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    add(host, bridge, { conf, ...third });
    for (const address of ['10.15.20.2', 'fd00:15:20::2']) {
      host.sh(`ip netns exec c2 ping -c 1 -W 5 ${address}`);
    }
    const seen = firstSeen(
      'c3',
      'ip netns exec c2 ping -c 3 -i 0.1 -W 5 10.15.20.2; ip netns exec c2 ping -c 1 -W 5 10.15.20.4',
    );
    expect(seen).toContain('10.15.20.3 > 10.15.20.4');

    const [, port, container] = prevResult.interfaces;
    const entries = host
      .json<{ mac: string; ifname: string; state: string }[]>('bridge -j fdb show br lab-br1')
      .filter(({ ifname, state }) => ifname === port?.name && state !== 'permanent');
    expect(entries).toEqual([expect.objectContaining({ mac: container?.mac, state: 'static' })]);
    host.sh(
      'ip -n c1 link set eth0 address 02:00:00:00:00:66; ip netns exec c1 ping -c 1 -W 1 10.15.20.1 || true',
    );
    expect(host.sh('bridge fdb show br lab-br1')).not.toContain('02:00:00:00:00:66');

    host.sh(`ip -n c1 link set eth0 address ${container?.mac}`);
    const request = { conf: { ...conf, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0 });
    host.sh(`bridge fdb del ${container?.mac} dev ${port?.name} master`);
    expect(failure(host, bridge, 'CHECK', request).msg).toContain(`forwarding entry of ${container?.mac}`);
  });

  test.each([
    ['neighSuppress, of the one who is asked for', { neighSuppress: true }, second],
    ['proxyArp, of the one who asks', { proxyArp: true }, { containerID: 'c1', netns: '/run/netns/c1' }],
  ])("%s: the bridge answers from the host's neighbours", (_which, options, whose) => {
    const isSecond = whose === second;
    add(host, bridge, { conf: isSecond ? both : { ...both, ...options } });
    const { interfaces } = add(host, bridge, { conf: isSecond ? { ...both, ...options } : both, ...second });
    const mac = interfaces[2]?.mac;
    // It answers nobody itself.
    host.sh('ip -n c2 link set eth0 arp off');
    for (const address of isSecond ? ['10.15.20.3', 'fd00:15:20::3'] : ['10.15.20.3']) {
      const ask = () => host.run(`ip netns exec c1 ping -c 1 -W 1 ${address}`.split(' '));
      ask();
      expect(host.sh(`ip -n c1 neigh show ${address}`)).not.toContain(mac);
      host.sh(
        `ip -n c1 neigh flush dev eth0; ip neigh replace ${address} lladdr ${mac} dev lab-br1 nud permanent`,
      );
      ask();
      expect(host.sh(`ip -n c1 neigh show ${address}`)).toContain(`lladdr ${mac}`);
    }
  });

  test.each([
    ['it is set', 0x4000, '01:80:c2:00:00:0e'],
    ['it is not', 0, 'ff:ff:ff:ff:ff:ff'],
  ])('groupFwdMask: a frame to 01:80:c2:00:00:0e goes on if %s', (_whether, groupFwdMask, first) => {
    add(host, bridge, { conf: { ...both, groupFwdMask } });
    add(host, bridge, { conf: both, ...second });
    host.sh('ip -n c1 neigh add 10.15.20.99 lladdr 01:80:c2:00:00:0e dev eth0');
    const send = (to: string) => `ip netns exec c1 ping -c 1 -W 1 ${to}`;
    // The broadcast that follows always arrives.
    expect(firstSeen('c2', `${send('10.15.20.99')}; ${send('-b 10.15.20.255')}`)).toContain(` > ${first},`);
  });

  interface BridgeJson {
    linkinfo: { info_data: Record<string, unknown> };
  }
  const tree = () => {
    const { stp_state, forward_delay } =
      host.json<BridgeJson[]>('ip -j -d link show lab-br1')[0]?.linkinfo.info_data ?? {};
    return { stp_state, forward_delay };
  };

  test('stp and forwardDelay are those of a new bridge, whose port forwards when the ADD returns', () => {
    const conf = { ...both, stp: true, forwardDelay: 2 };
    const before = host.snapshot('c1');
    failAdd(conf);
    expect(host.snapshot('c1')).toBe(before);
    const prevResult = add(host, bridge, { conf });
    expect(tree()).toEqual({ stp_state: 1, forward_delay: 200 });
    for (const { address } of prevResult.ips) host.sh(`ping -c 1 -W 10 ${address.replace(/\/.*/, '')}`);
    const request = { conf: { ...conf, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh('ip link set lab-br1 type bridge forward_delay 400');
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      msg: 'not as it was set up: forwardDelay of lab-br1',
      details: 'expected 2 s, found 4 s',
    });
    host.sh('ip link set lab-br1 type bridge stp_state 0');
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      msg: 'not as it was set up: stp of lab-br1',
      details: 'expected on, found off',
    });
    // Another network's containers join it as it is.
    add(host, bridge, { conf: both, ...second });
  });

  test('stp alone leaves the delay to the kernel', () => {
    const conf = { ...both, stp: true, ipam: {}, isGateway: false, disableContainerInterface: true };
    add(host, bridge, { conf });
    expect(tree()).toEqual({ stp_state: 1, forward_delay: 1500 });
  });

  test.each([
    [
      'without a spanning tree',
      'ip link add lab-br1 up type bridge',
      'stp: bridge "lab-br1" exists and has it off, not on; "ip link set lab-br1 type bridge stp_state 1" changes it',
    ],
    [
      'with another delay',
      'ip link add lab-br1 up type bridge stp_state 1',
      'forwardDelay: bridge "lab-br1" exists and has it 15 s, not 2 s; "ip link set lab-br1 type bridge forward_delay 200" changes it',
    ],
  ])('a bridge that is there %s is refused, and joined after the command', (_which, command, words) => {
    host.sh(command);
    const conf = { ...both, stp: true, forwardDelay: 2 };
    const before = host.snapshot('c1');
    const { code, msg } = failure(host, bridge, 'ADD', { conf });
    expect([code, msg]).toEqual([7, `invalid configuration: ${words}`]);
    expect(failure(host, bridge, 'STATUS', { conf })).toMatchObject({ code, msg });
    expect(host.snapshot('c1')).toBe(before);
    host.sh('ip link set lab-br1 type bridge forward_delay 200 stp_state 1');
    expect(call(host, bridge, 'STATUS', { conf })).toMatchObject({ status: 0, stdout: '' });
    add(host, bridge, { conf });
  });
});
