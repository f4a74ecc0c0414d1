import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, type Result } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = {
  ...articleAs('1.1.0'),
  isDefaultGateway: true,
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
    routes: [{ dst: '198.51.100.0/24', gw: '10.15.20.254' }, { dst: 'fd01::/16' }],
  },
};

/** What is changed by hand ($V is the host veth, $E the container's MAC address), and what CHECK says about it. */
const changes: [string, string, string, string][] = [
  [
    'the bridge is gone',
    'ip link del lab-br1',
    'not as it was set up: bridge lab-br1',
    'expected a bridge, found no link of that name',
  ],
  [
    'the bridge is of another kind',
    'ip link del lab-br1; ip link add lab-br1 type veth peer name lab-br2',
    'not as it was set up: bridge lab-br1',
    'expected a bridge, found a link of kind veth',
  ],
  [
    "the bridge's MAC address is another",
    'ip link set lab-br1 address 02:00:00:00:00:01',
    'not as it was set up: MAC address of lab-br1',
    'expected $BRIDGE, found 02:00:00:00:00:01',
  ],
  [
    'the bridge is promiscuous',
    'ip link set lab-br1 promisc on',
    'not as it was set up: promiscuous mode of lab-br1',
    'expected false, found true',
  ],
  [
    'the interface is gone',
    'ip -n c1 link del eth0',
    'not as it was set up: interface eth0 in /run/netns/c1',
    'expected a veth, found no link of that name',
  ],
  [
    'the interface is of another kind',
    'ip -n c1 link del eth0; ip -n c1 link add eth0 type bridge',
    'not as it was set up: interface eth0 in /run/netns/c1',
    'expected a veth, found a link of kind bridge',
  ],
  [
    "the interface's MAC address is another",
    'ip -n c1 link set eth0 address 02:00:00:00:00:02',
    'not as it was set up: MAC address of eth0',
    'expected $ETH0, found 02:00:00:00:00:02',
  ],
  [
    'the host veth has another name',
    'ip link set $V down; ip link set $V name other0',
    'not as it was set up: peer of eth0 in /run/netns/c1',
    'expected $VETH, found other0',
  ],
  [
    'the interface is one of another pair',
    `ip -n c1 link del eth0; ip link add $V type veth peer name $V.1
     ip link add eth0 netns c1 address $E type veth peer name other0 netns c2`,
    'not as it was set up: peer of eth0 in /run/netns/c1',
    'expected $VETH, found none on the host',
  ],
  [
    "the host veth's MAC address is another",
    'ip link set $V address 02:00:00:00:00:03',
    'not as it was set up: MAC address of $VETH',
    'expected $HOST, found 02:00:00:00:00:03',
  ],
  [
    'the host veth is not a port',
    'ip link set $V nomaster',
    'not as it was set up: host veth $VETH',
    'expected a port of lab-br1, found no port',
  ],
  [
    'the host veth is a port of another bridge',
    'ip link add other-br type bridge; ip link set $V master other-br',
    'not as it was set up: host veth $VETH',
    'expected a port of lab-br1, found a port of other-br',
  ],
  [
    'an address is gone',
    'ip -n c1 addr del 10.15.20.2/24 dev eth0',
    'not as it was set up: addresses of eth0',
    'expected 10.15.20.2/24, found none',
  ],
  [
    'an address has another prefix length',
    'ip -n c1 addr del 10.15.20.2/24 dev eth0; ip -n c1 addr add 10.15.20.2/25 dev eth0',
    'not as it was set up: addresses of eth0',
    'expected 10.15.20.2/24, found 10.15.20.2/25',
  ],
  [
    'an IPv6 address is gone',
    'ip -n c1 addr del fd00:15:20::2/64 dev eth0',
    'not as it was set up: addresses of eth0',
    'expected fd00:15:20::2/64, found fe80::',
  ],
  [
    'the default route is gone',
    'ip -n c1 route del default',
    'not as it was set up: routes of the container',
    'expected 0.0.0.0/0 via 10.15.20.1, found no route to 0.0.0.0/0',
  ],
  [
    'a route has another gateway',
    'ip -n c1 route replace 198.51.100.0/24 via 10.15.20.253',
    'not as it was set up: routes of the container',
    'expected 198.51.100.0/24 via 10.15.20.254, found 198.51.100.0/24 via 10.15.20.253',
  ],
  [
    'a route without a gateway of its own is gone',
    'ip -n c1 -6 route del fd01::/16',
    'not as it was set up: routes of the container',
    'expected fd01::/16, found no route to fd01::/16',
  ],
  [
    'the lease is gone',
    'rm /var/lib/cni/networks/lab-br1/10.15.20.2 /var/lib/cni/networks/lab-br1/fd00*',
    'host-local: Failed to find address added by container c1',
    '/var/lib/cni/networks/lab-br1',
  ],
  [
    "the leases are another container's",
    'cd /var/lib/cni/networks/lab-br1; for f in 10.15.20.2 fd00*; do rm $f; printf "c9\\r\\neth0" >$f; done',
    'host-local: Failed to find address added by container c1',
    '/var/lib/cni/networks/lab-br1',
  ],
];

describe.each(executables)('CHECK by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const check = (prevResult: unknown, conf: object = article) =>
    call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } });
  const well = { status: 0, stdout: '', stderr: '' };

  test('succeeds after an ADD, in every version that has it, and changes nothing', () => {
    for (const cniVersion of ['0.4.0', '1.0.0', '1.1.0']) {
      const conf = { ...article, cniVersion, promiscMode: true };
      const prevResult = add(host, bridge, { conf });
      const before = host.snapshot('c1');
      expect(check(prevResult, conf)).toEqual(well);
      expect(check(prevResult, conf)).toEqual(well);
      expect(host.snapshot('c1')).toBe(before);
      del(host, bridge, { conf });
    }
  });

  test.each(changes)('finds that %s', (_what, command, msg, details) => {
    const prevResult = add(host, bridge, { conf: article });
    const [own, veth, eth0] = prevResult.interfaces;
    const spelled = (text: string): string =>
      text
        .replace('$VETH', String(veth?.name))
        .replace('$HOST', String(veth?.mac))
        .replace('$BRIDGE', String(own?.mac))
        .replace('$ETH0', String(eth0?.mac));
    host.sh(`V=${veth?.name}; E=${eth0?.mac}; ${command}`);
    const error = failure(host, bridge, 'CHECK', { conf: { ...article, prevResult } });
    expect(error.msg).toBe(spelled(msg));
    expect(error.details).toContain(spelled(details));
    expect(error.code).toBe(msg.startsWith('host-local: ') ? 3 : 999);
  });

  test('succeeds while somebody captures on the bridge, which makes it promiscuous for the time being', () => {
    const prevResult = add(host, bridge, { conf: article });
    host.sh('ip link add listener link lab-br1 type macvlan mode passthru && ip link set listener up');
    expect(host.sh('ip -d link show lab-br1')).toContain('promiscuity 1');
    expect(check(prevResult)).toEqual(well);
  });

  test('reads a prevResult that a chain has extended, and one of any version', () => {
    const prevResult = add(host, bridge, { conf: article });
    const { interfaces, ips } = prevResult;
    const chained = {
      ...prevResult,
      interfaces: [
        ...interfaces,
        { name: 'lo', sandbox: '/run/netns/c1' },
        { name: 'eth0', mac: '02:00:00:00:00:09', sandbox: '/run/netns/c2' },
        { name: 'ifb0', mac: '02:00:00:00:00:07' },
      ],
    };
    expect(check(chained)).toEqual(well);
    const older = {
      ...prevResult,
      ips: ips.map((ip, index) => ({ ...ip, version: index === 0 ? '4' : '6' })),
    };
    for (const cniVersion of ['0.3.0', '0.3.1', '0.4.0']) {
      expect(check({ ...older, cniVersion })).toEqual(well);
    }
    // It has no interfaces to compare.
    const [ip4] = ips;
    const oldest = { cniVersion: '0.2.0', ip4: { ip: ip4?.address, gateway: ip4?.gateway } };
    expect(JSON.parse(check(oldest).stdout)).toMatchObject({
      code: 999,
      details: 'expected interface eth0 in /run/netns/c1, found no interface',
    });
  });

  test('finds a prevResult of another container, or one without such an interface', () => {
    const prevResult: Result = add(host, bridge, { conf: article });
    const moved = { containerID: 'c1', netns: '/run/netns/c2', conf: { ...article, prevResult } };
    expect(failure(host, bridge, 'CHECK', moved)).toMatchObject({
      code: 999,
      details: expect.stringContaining('expected interface eth0 in /run/netns/c2, found lab-br1'),
    });
    const fewer = { ...prevResult, interfaces: prevResult.interfaces.slice(2) };
    expect(JSON.parse(check(fewer).stdout)).toMatchObject({
      msg: 'not as it was set up: peer of eth0 in /run/netns/c1',
      details: `expected a host veth in prevResult, found ${prevResult.interfaces[1]?.name}`,
    });
  });

  test('needs 0.4.0, a valid prevResult, and the namespace', () => {
    const prevResult = add(host, bridge, { conf: article });
    expect(JSON.parse(check(prevResult, { ...article, cniVersion: '0.3.1' }).stdout)).toMatchObject({
      code: 1,
      details: 'config version does not allow CHECK: it is "0.3.1", CHECK needs 0.4.0 or later',
    });
    expect(JSON.parse(check(undefined).stdout)).toMatchObject({ code: 7, details: 'prevResult is missing' });
    expect(JSON.parse(check({ ...prevResult, cniVersion: '9.9.9' }).stdout)).toMatchObject({ code: 6 });
    expect(JSON.parse(check({ ...prevResult, ips: 'none' }).stdout)).toMatchObject({ code: 6 });
    const gone = { netns: '/run/netns/c9', conf: { ...article, prevResult } };
    expect(failure(host, bridge, 'CHECK', gone).code).toBe(8);
  });
});
