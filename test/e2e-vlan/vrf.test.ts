import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel has VRFs.
const subnets = (n: number) => ({
  type: 'host-local',
  ranges: [[{ subnet: `10.${n}.0.0/24` }], [{ subnet: `fd00:${n}::/64` }]],
});
/** A network with a bridge of its own in a VRF. */
const network = (name: string, vrf: string, n: number) => ({
  ...{ cniVersion: '1.1.0', name, type: 'bridge', bridge: `br-${name}`, vrf },
  ...{ isDefaultGateway: true, ipam: subnets(n) },
});
const blue1 = network('one', 'blue', 1);
const blue2 = network('two', 'blue', 2);
// The same subnet as that of the first.
const red = network('red', 'red', 1);
const containers = ['c1', 'c2', 'c3'];

describe.each(executables)('vrf by %s', (_name, bridge) => {
  const host = useHost(...containers);
  beforeEach(() => {
    host.sh(`ip link add blue up type vrf table 10 && ip link add red up type vrf table 20
      for c in ${containers.join(' ')}; do ip -n $c link set lo up; done`);
  });

  const as = (containerID: string) => ({ containerID, netns: `/run/netns/${containerID}` });
  const ping = (command: string, seconds = 10) =>
    host.run(['sh', '-c', `${command.replace('ping', `ping -c 1 -W ${seconds}`)}`]).status === 0;
  const masters = () =>
    host
      .json<{ ifname: string; master?: string }[]>('ip -j link show type bridge')
      .map(({ ifname, master }) => [ifname, master]);
  const forget = () =>
    host.sh(`for b in $(ip -br link show type bridge | awk '{ print $1 }'); do ip link del $b; done
      sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0`);

  test("a bridge's routes are in the table of its VRF, and packets stay in it", () => {
    const prevResult = add(host, bridge, { conf: blue1, ...as('c1') });
    add(host, bridge, { conf: blue2, ...as('c2') });
    add(host, bridge, { conf: red, ...as('c3') });
    expect(masters()).toEqual([
      ['br-one', 'blue'],
      ['br-two', 'blue'],
      ['br-red', 'red'],
    ]);
    expect(host.sh('ip route show table 10')).toContain('10.1.0.0/24 dev br-one');
    expect(host.sh('ip -6 route show table 20')).toContain('fd00:1::/64 dev br-red');
    expect(host.sh('ip route; ip -6 route')).not.toMatch(/br-(one|two|red) proto/);
    for (const address of ['10.1.0.1', 'fd00:1::1', '10.2.0.2', 'fd00:2::2']) {
      expect([address, ping(`ip netns exec c1 ping ${address}`)]).toEqual([address, true]);
    }
    // The two with the same address are apart, and so are the VRFs.
    for (const [vrf, mac] of [
      ['blue', 'c1'],
      ['red', 'c3'],
    ]) {
      expect(ping(`ping -I ${vrf} 10.1.0.2`)).toBe(true);
      const [link] = host.json<{ address: string }[]>(`ip -n ${mac} -j link show eth0`);
      expect(host.sh(`ip neigh show 10.1.0.2 vrf ${vrf}`)).toContain(link?.address);
    }
    expect(ping('ip netns exec c3 ping 10.2.0.2', 1)).toBe(false);
    const request = { conf: { ...blue1, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh('ip link set br-one master red');
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      msg: 'not as it was set up: VRF of br-one',
      details: 'expected blue, found red',
    });
  });

  test('an ADD that fails, or a DEL with removeUnused, leaves all as it was', () => {
    const before = host.snapshot('c1');
    const routes = [{ dst: '198.51.100.0/24', gw: '10.99.0.1' }];
    const refused = { ...blue1, ipam: { ...blue1.ipam, routes } };
    expect(failure(host, bridge, 'ADD', { conf: refused }).msg).toContain('route');
    expect(host.snapshot('c1')).toBe(before);
    const removing = { ...blue1, removeUnused: true };
    add(host, bridge, { conf: removing });
    del(host, bridge, { conf: removing });
    forget();
    expect(host.snapshot('c1')).toBe(before);
  });

  test("in a VLAN it is the gateway's link that is in the VRF, so that one bridge serves several", () => {
    const before = host.snapshot('c1', 'c2');
    const ten = { ...blue1, bridge: 'br0', vlan: 10 };
    const twenty = { ...red, bridge: 'br0', vlan: 20 };
    const prevResult = add(host, bridge, { conf: ten });
    add(host, bridge, { conf: twenty, ...as('c2') });
    expect(masters()).toEqual([['br0', undefined]]);
    expect(host.sh('ip route show table 10')).toContain('10.1.0.0/24 dev br0.10');
    expect(host.sh('ip route show table 20')).toContain('10.1.0.0/24 dev br0.20');
    for (const address of ['10.1.0.1', 'fd00:1::1'])
      expect(ping(`ip netns exec c1 ping ${address}`)).toBe(true);
    const request = { conf: { ...ten, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh('ip link set br0.10 nomaster');
    expect(failure(host, bridge, 'CHECK', request).details).toBe('expected blue, found none');
    host.sh('ip link set br0.10 master red');
    const used = host.snapshot('c3');
    expect(failure(host, bridge, 'ADD', { conf: ten, ...as('c3') }).msg).toContain(
      'vrf: "br0.10" exists and is in VRF "red", not in "blue"',
    );
    expect(host.snapshot('c3')).toBe(used);
    del(host, bridge, { conf: ten });
    del(host, bridge, { conf: twenty, ...as('c2') });
    forget();
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  const refused: [string, string, string][] = [
    [
      'that is missing',
      'ip link del blue',
      'vrf: "blue" is no link of this host; "ip link add blue up type vrf table 10" makes it, with a table of its own',
    ],
    [
      'that is a bridge',
      'ip link del blue; ip link add blue type bridge',
      'vrf: "blue" is a bridge, not a VRF',
    ],
    ['that is down', 'ip link set blue down', 'vrf: "blue" is down; "ip link set blue up" sets it up'],
    [
      'for a bridge in another one',
      'ip link add br-one up master red type bridge',
      'vrf: "br-one" exists and is in VRF "red", not in "blue"; "ip link set br-one master blue" puts it there',
    ],
    [
      'for a bridge in none',
      'ip link add br-one up type bridge',
      'vrf: "br-one" exists and is in no VRF, not in "blue"; "ip link set br-one master blue" puts it there',
    ],
  ];
  test.each(refused)(
    'a VRF %s is refused by ADD and STATUS, and nothing is touched',
    (_what, command, words) => {
      host.sh(command);
      const before = host.snapshot('c1');
      for (const verb of ['ADD', 'STATUS']) {
        expect(failure(host, bridge, verb, { conf: blue1 })).toMatchObject({
          code: 7,
          msg: `invalid configuration: ${words}`,
        });
      }
      expect(host.snapshot('c1')).toBe(before);
    },
  );

  test('a bridge that a person put into the VRF serves, and stays in it', () => {
    host.sh('ip link add br-one up master blue type bridge');
    add(host, bridge, { conf: blue1 });
    expect(ping('ip netns exec c1 ping 10.1.0.1')).toBe(true);
    expect(call(host, bridge, 'STATUS', { conf: blue1 })).toMatchObject({ status: 0 });
    del(host, bridge, { conf: blue1 });
    expect(masters()).toEqual([['br-one', 'blue']]);
  });
});
