import { add, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel filters VLANs.
const plain = { cniVersion: '1.0.0', name: 'lab', type: 'bridge', bridge: 'br0' };
const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };

describe.each(executables)('frames between containers of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'c3');
  beforeEach(() => {
    for (const name of ['c1', 'c2', 'c3']) host.sh(`ip -n ${name} link set lo up`);
  });

  const connect = (containerID: string, options: object) =>
    add(host, bridge, { conf: { ...plain, ...options }, containerID, netns: `/run/netns/${containerID}` });
  const ping = (from: string, to: string, seconds: number): boolean =>
    host.run(['ip', 'netns', 'exec', from, 'ping', '-c', '1', '-W', String(seconds), to]).status === 0;
  const reaches = (from: string, to: string): boolean => ping(from, to, 10);
  /** Whether there is no answer; the pings that arrive show that it would have come by then. */
  const neverReaches = (from: string, to: string): boolean => !ping(from, to, 1);

  test('two of a VLAN reach each other, a third in another VLAN is kept apart', () => {
    connect('c1', { vlan: 10, ipam });
    connect('c2', { vlan: 10, ipam });
    connect('c3', { vlan: 20, ipam });
    expect(reaches('c1', '10.1.0.3')).toBe(true);
    expect(neverReaches('c1', '10.1.0.4')).toBe(true);
    expect(neverReaches('c3', '10.1.0.2')).toBe(true);
  });

  test("a container without a VLAN is in the bridge's default one", () => {
    connect('c1', { vlan: 10, ipam });
    connect('c2', { ipam });
    connect('c3', { vlan: 10, preserveDefaultVlan: true, ipam });
    expect(neverReaches('c1', '10.1.0.3')).toBe(true);
    expect(reaches('c1', '10.1.0.4')).toBe(true);
  });

  test('a trunk carries its VLANs tagged, its native one untagged, and no other', () => {
    const trunk = connect('c1', { vlan: 20, vlanTrunk: [{ id: 10 }, { minID: 100, maxID: 110 }] });
    connect('c2', { vlan: 10, ipam });
    connect('c3', { vlan: 20, ipam: { ...ipam, subnet: '10.2.0.0/24' } });
    host.sh(`cd / && for id in 10 11; do ip -n c1 link add link eth0 name eth0.$id type vlan id $id
      ip -n c1 link set eth0.$id up; done
      ip -n c1 addr add 10.1.0.9/24 dev eth0.10 && ip -n c1 addr add 10.2.0.9/24 dev eth0`);
    expect(reaches('c1', '10.1.0.2')).toBe(true);
    expect(reaches('c1', '10.2.0.2')).toBe(true);

    // On the wire: the port sees the tag, the access port on the other side doesn't.
    const seen = (dev: string | undefined, from: string, to: string): string =>
      host.sh(`tcpdump -lnne --immediate-mode -c 1 -i ${dev} icmp or vlan and icmp >/run/seen 2>/run/started & pid=$!
        until grep -q listening /run/started; do kill -0 $pid || exit; done
        ip netns exec ${from} ping -c 1 -W 10 ${to} >/run/ping; wait $pid; cat /run/seen`);
    expect(seen(trunk.interfaces[1]?.name, 'c1', '10.1.0.2')).toContain('vlan 10,');
    expect(seen(trunk.interfaces[1]?.name, 'c1', '10.2.0.2')).not.toContain('vlan');

    // VLAN 11 is not the trunk's.
    host.sh('ip -n c1 addr flush dev eth0.10 && ip -n c1 addr add 10.1.0.9/24 dev eth0.11');
    expect(neverReaches('c1', '10.1.0.2')).toBe(true);
  });

  test('VLANs that are apart meet at their gateways, over IPv4 and IPv6', () => {
    const gateway = { isDefaultGateway: true };
    const ranges = (n: number) => [[{ subnet: `10.${n}.0.0/24` }], [{ subnet: `fd00:${n}::/64` }]];
    const one = connect('c1', { ...gateway, vlan: 10, ipam: { type: 'host-local', ranges: ranges(1) } });
    connect('c2', { ...gateway, vlan: 20, ipam: { type: 'host-local', ranges: ranges(2) } });
    const mac = (name: string) => host.json<{ address: string }[]>(`ip -j link show ${name}`)[0]?.address;
    expect(one.interfaces).toEqual([
      { name: 'br0', mac: mac('br0') },
      { name: one.interfaces[1]?.name, mac: mac(one.interfaces[1]?.name ?? '') },
      { name: 'eth0', mac: one.interfaces[2]?.mac, sandbox: '/run/netns/c1' },
      { name: 'br0.10', mac: mac('br0.10') },
    ]);
    expect(one.ips.map((ip) => ip.interface)).toEqual([2, 2]);
    expect(host.sh('ip -br addr show br0 scope global')).toBe('');
    for (const to of ['10.1.0.1', '10.2.0.2', 'fd00:1::1', 'fd00:2::2']) expect(reaches('c1', to)).toBe(true);
  });

  test('VLANs on a bridge that had no filtering: it filters, and its other containers go on', () => {
    host.sh('ip link add br0 type bridge');
    connect('c1', { ipam });
    connect('c2', { ipam });
    connect('c3', { vlan: 10, ipam });
    expect(host.sh('ip -d link show br0')).toContain('vlan_filtering 1');
    expect(reaches('c1', '10.1.0.3')).toBe(true);
    expect(neverReaches('c3', '10.1.0.2')).toBe(true);
  });
});
