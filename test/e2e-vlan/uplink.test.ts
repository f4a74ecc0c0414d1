import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel filters VLANs.
const plain = { cniVersion: '1.1.0', name: 'lab', type: 'bridge', bridge: 'br0', uplink: 'up0' };
const subnets = (n: number) => ({
  type: 'host-local',
  ranges: [
    [{ subnet: `10.${n}.0.0/24`, rangeEnd: `10.${n}.0.99` }],
    [{ subnet: `fd00:${n}::/64`, rangeEnd: `fd00:${n}::99` }],
  ],
});
const ten = { ...plain, vlan: 10, ipam: subnets(1) };
const twenty = {
  ...plain,
  name: 'twenty',
  vlan: 20,
  vlanTrunk: [{ minID: 30, maxID: 32 }],
  ipam: subnets(2),
};
const second = { containerID: 'c2', netns: '/run/netns/c2' };

interface PortJson {
  ifname: string;
  vlans: { vlan: number; vlanEnd?: number; flags?: string[] }[];
}

describe.each(executables)('VLANs of an uplink by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'wire');
  beforeEach(() => {
    host.sh(`ip link add up0 type veth peer name eth0 netns wire && ip -n wire link set eth0 up
      for id in 10 20; do ip -n wire link add link eth0 name eth0.$id up type vlan id $id; done
      for n in 1 2; do
        ip -n wire addr add 10.$n.0.200/24 dev eth0.$\{n}0 && ip -n wire addr add fd00:$n::200/64 dev eth0.$\{n}0 nodad
      done
      ip -n wire addr add 10.3.0.200/24 dev eth0 && ip -n wire addr add fd00:3::200/64 dev eth0 nodad`);
  });

  /** The uplink's VLANs: `10`, `30-32`, and `1u` for one that is untagged. */
  const vlans = (): string[] | undefined =>
    host
      .json<PortJson[]>('bridge -j -compressvlans vlan show')
      .find(({ ifname }) => ifname === 'up0')
      ?.vlans.map(({ vlan, vlanEnd, flags = [] }) => {
        const range = vlanEnd === undefined ? `${vlan}` : `${vlan}-${vlanEnd}`;
        return `${range}${flags.includes('Egress Untagged') ? 'u' : ''}${flags.includes('PVID') ? 'p' : ''}`;
      });
  const reaches = (from: string, to: string) =>
    host.run(`ip netns exec ${from} ping -c 1 -W 10 ${to}`.split(' ')).status === 0;
  const links = () => host.sh("ip -br link | awk '{ print $1 }'").replaceAll(/@\w+/g, '').trim().split('\n');

  test("a container's frames are tagged on the wire, and it reaches who is in its VLAN there", () => {
    const prevResult = add(host, bridge, { conf: ten });
    expect(vlans()).toEqual(['10']);
    for (const address of ['10.1.0.200', 'fd00:1::200']) expect(reaches('c1', address)).toBe(true);
    const seen =
      host.sh(`ip netns exec wire tcpdump -lnne --immediate-mode -c 1 -i eth0 'vlan and icmp' >/run/seen 2>/run/started & pid=$!
      until grep -q listening /run/started; do kill -0 $pid || exit; done
      ip netns exec c1 ping -c 1 -W 10 10.1.0.200 >/run/ping; wait $pid; cat /run/seen`);
    expect(seen).toContain('vlan 10,');
    const request = { conf: { ...ten, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh('bridge vlan add vid 10 dev up0 untagged');
    expect(failure(host, bridge, 'CHECK', request).msg).toBe('not as it was set up: VLAN 10 of uplink up0');
    host.sh('bridge vlan del vid 10 dev up0');
    expect(failure(host, bridge, 'CHECK', request).msg).toBe('not as it was set up: VLAN 10 of uplink up0');
  });

  test('it has the VLANs of all its networks, each until the last container in it goes, and is as before then', () => {
    const before = host.snapshot('c1', 'c2', 'wire');
    add(host, bridge, { conf: { ...ten, isGateway: true } });
    add(host, bridge, { conf: twenty, ...second });
    add(host, bridge, { conf: twenty, ...second, ifname: 'eth1' });
    expect(vlans()).toEqual(['10', '20', '30-32']);
    expect(reaches('c2', '10.2.0.200')).toBe(true);
    expect(reaches('wire', '10.1.0.1')).toBe(true);
    expect(reaches('wire', 'fd00:1::1')).toBe(true);
    del(host, bridge, { conf: { ...ten, isGateway: true } });
    expect(vlans()).toEqual(['20', '30-32']);
    expect(links()).not.toContain('br0.10');
    del(host, bridge, { conf: twenty, ...second });
    expect(vlans()).toEqual(['20', '30-32']);
    del(host, bridge, { conf: twenty, ...second, ifname: 'eth1' });
    expect(vlans()).toBeUndefined();
    host.sh('ip link del br0; sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0');
    expect(host.snapshot('c1', 'c2', 'wire')).toBe(before);
  });

  test("a network without a VLAN is in the bridge's default one, which is untagged on the wire", () => {
    const none = { ...plain, name: 'none', ipam: subnets(3) };
    add(host, bridge, { conf: ten });
    add(host, bridge, { conf: none, ...second });
    expect(vlans()).toEqual(['1up', '10']);
    for (const address of ['10.3.0.200', 'fd00:3::200']) expect(reaches('c2', address)).toBe(true);
    del(host, bridge, { conf: none, ...second });
    expect(vlans()).toEqual(['10']);
    add(host, bridge, { conf: { ...none, preserveDefaultVlan: true, vlan: 20 }, ...second });
    expect(vlans()).toEqual(['1up', '10', '20']);
    del(host, bridge, { conf: ten });
    del(host, bridge, { conf: { ...none, vlan: 20 }, ...second });
    add(host, bridge, { conf: { ...none, vlan: 1 }, ...second });
    expect(vlans()).toEqual(['1up']);
    expect(reaches('c2', '10.3.0.200')).toBe(true);
  });

  test('a GC takes those of containers that are gone', () => {
    add(host, bridge, { conf: ten });
    add(host, bridge, { conf: twenty, ...second });
    expect(call(host, bridge, 'GC', { conf: { ...ten, 'cni.dev/valid-attachments': [] } })).toMatchObject({
      status: 0,
    });
    expect(vlans()).toEqual(['20', '30-32']);
  });

  test('an ADD that fails leaves the uplink its other VLANs, or as it was', () => {
    const failAtLast = (conf: object) => {
      const variables =
        'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
      const command = `exec env -i ${variables} ${bridge} >/dev/full`;
      expect(host.run(['sh', '-c', command], { input: JSON.stringify(conf) })).toMatchObject({ status: 1 });
    };
    const before = host.snapshot('c1', 'wire');
    failAtLast({ ...ten, isGateway: true });
    expect(host.snapshot('c1', 'wire')).toBe(before);
    // Forwarding is the whole host's, and stays on for the other.
    add(host, bridge, { conf: { ...twenty, isGateway: true }, ...second });
    const used = host.snapshot('c1', 'c2', 'wire');
    failAtLast({ ...ten, isGateway: true });
    expect(host.snapshot('c1', 'c2', 'wire')).toBe(used);
  });

  test("a person's port keeps its VLANs, and has to have the network's", () => {
    host.sh('ip link add br0 up type bridge vlan_filtering 1 && ip link set up0 up master br0');
    const before = host.snapshot('c1', 'wire');
    expect(failure(host, bridge, 'ADD', { conf: ten })).toMatchObject({
      code: 7,
      msg: 'invalid configuration: uplink: "up0" was put into the bridge by a person, and lacks VLAN 10: "bridge vlan add vid 10 dev up0" adds it',
    });
    expect(host.snapshot('c1', 'wire')).toBe(before);
    host.sh('bridge vlan add vid 10 dev up0');
    const own = host.snapshot('c1', 'wire');
    add(host, bridge, { conf: ten });
    expect(reaches('c1', '10.1.0.200')).toBe(true);
    del(host, bridge, { conf: ten });
    host.sh('sysctl -qw net.ipv6.conf.br0.accept_ra=1');
    expect(host.snapshot('c1', 'wire')).toBe(own);
  });

  test('containers of two VLANs that come and go at once reach the wire each', () => {
    host.sh(`cat >/run/c1.conf <<'CONF'\n${JSON.stringify(ten)}\nCONF
      cat >/run/c2.conf <<'CONF'\n${JSON.stringify(twenty)}\nCONF`);
    const outcome = host.sh(`for n in 1 2; do
        { export CNI_IFNAME=eth0 CNI_PATH=/ CNI_CONTAINERID=c$n CNI_NETNS=/run/netns/c$n
          for round in 1 2 3 4; do
            CNI_COMMAND=ADD ${bridge} </run/c$n.conf >/run/c$n || cat /run/c$n
            ip netns exec c$n ping -q -c 1 -w 20 10.$n.0.200 >/run/c$n || cat /run/c$n
            CNI_COMMAND=DEL ${bridge} </run/c$n.conf
          done; } & pids="$pids $!"
      done
      for pid in $pids; do wait $pid; done`);
    expect(outcome).toBe('');
    expect(vlans()).toBeUndefined();
  });
});
