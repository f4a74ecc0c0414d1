import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel filters VLANs.
const plain = { cniVersion: '1.1.0', name: 'lab', type: 'bridge', bridge: 'br0' };
const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };
const conf = { ...plain, vlan: 10, isGateway: true, ipam };
const second = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)("a VLAN's gateway by %s", (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const links = (): string[] =>
    host
      .json<{ ifname: string }[]>('ip -j link')
      .map(({ ifname }) => ifname)
      .filter((name) => name !== 'lo')
      .sort();

  test('goes with the last container, the bridge stays and serves the next', () => {
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    del(host, bridge, { conf });
    expect(links()).toContain('br0.10');
    host.sh('ip netns exec c2 ping -c 1 -W 10 10.1.0.1');
    del(host, bridge, { conf, ...second });
    expect(links()).toEqual(['br0']);
    del(host, bridge, { conf, ...second });
    const prevResult = add(host, bridge, { conf });
    expect(prevResult.interfaces).toHaveLength(4);
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({ status: 0 });
    host.sh('ip netns exec c1 ping -c 1 -W 10 10.1.0.1');
  });

  test('goes with the bridge by the DEL after an ADD that was killed, whenever that was', () => {
    const removing = { ...conf, removeUnused: true };
    let killed = 0;
    for (;;) {
      const fault = `inject=sendto:signal=KILL:when=${killed + 1}`;
      const under = ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', fault];
      const { status } = call(host, bridge, 'ADD', { conf: removing, under });
      del(host, bridge, { conf: removing });
      expect([killed, ...links()]).toEqual([killed]);
      if (status === 0) break;
      killed++;
    }
    expect(killed).toBeGreaterThan(10);
  });

  test('mtu auto lowers it, so that the largest packet from the host arrives', () => {
    host.sh(`ip link add up0 type veth peer name up1 && ip link set up0 up
      ip route add default dev up0`);
    const auto = { ...conf, mtu: 'auto' };
    const mtu = (name: string) => host.json<{ mtu: number }[]>(`ip -j link show ${name}`)[0]?.mtu;
    add(host, bridge, { conf: auto });
    expect(mtu('br0.10')).toBe(1500);
    host.sh('ip link set up0 mtu 1400');
    const failing = { ...auto, ipam: { ...ipam, routes: [{ dst: '10.9.0.0/16', gw: '192.0.2.9' }] } };
    failure(host, bridge, 'ADD', { conf: failing, ...second });
    const result = add(host, bridge, { conf: auto, ...second });
    expect([mtu('br0.10'), mtu('br0')]).toEqual([1400, 1400]);
    const [address = ''] = result.ips[0]?.address.split('/') ?? [];
    host.sh(`ping -c 1 -W 10 -M do -s ${1400 - 28} ${address}`);
    del(host, bridge, { conf: auto, ...second });
    del(host, bridge, { conf: auto });
    expect(links()).toEqual(['br0', 'up0', 'up1']);
  });

  test('goes by a GC that keeps nobody', () => {
    add(host, bridge, { conf });
    const gc = (valid: object[]) =>
      call(host, bridge, 'GC', { conf: { ...conf, 'cni.dev/valid-attachments': valid } });
    expect(gc([{ containerID: 'c1', ifname: 'eth0' }])).toMatchObject({ status: 0, stdout: '' });
    expect(links()).toContain('br0.10');
    expect(gc([])).toMatchObject({ status: 0, stdout: '' });
    expect(links()).toEqual(['br0']);
  });

  test('goes with the bridge where that is to go with its last port', () => {
    const removing = { ...conf, removeUnused: true };
    const other = { ...removing, name: 'other', vlan: 20, ipam: { ...ipam, subnet: '10.2.0.0/24' } };
    add(host, bridge, { conf: removing });
    add(host, bridge, { conf: other, ...second });
    del(host, bridge, { conf: removing });
    expect(links()).toEqual(expect.arrayContaining(['br0', 'br0.20']));
    expect(links()).not.toContain('br0.10');
    del(host, bridge, { conf: other, ...second });
    expect(links()).toEqual([]);
  });

  test.each([
    [
      'a person made, a veth',
      `ip link add br0 up type bridge vlan_filtering 1
       ip link add br0.10 up type veth peer name gw0 && ip link set gw0 up master br0
       bridge vlan add vid 10 dev gw0 pvid untagged`,
    ],
    [
      'a person made, a VLAN device',
      `ip link add br0 up type bridge vlan_filtering 1 && bridge vlan add vid 10 dev br0 self
       ip link add link br0 name br0.10 up type vlan id 10`,
    ],
  ])('that %s stays', (_whose, command) => {
    host.sh(command);
    add(host, bridge, { conf });
    del(host, bridge, { conf });
    expect(links()).toContain('br0.10');
  });

  test.each([
    ['a trunk of another network', 'trunk'],
    ['a port that a person put in the VLAN', 'port'],
  ])('stays for %s', (_what, kind) => {
    add(host, bridge, { conf });
    const trunk = { ...plain, name: 'trunks', vlanTrunk: [{ minID: 5, maxID: 15 }] };
    if (kind === 'trunk') add(host, bridge, { conf: trunk, ...second });
    else
      host.sh(
        'ip link add p0 master br0 type veth peer name p1 && bridge vlan add vid 10 dev p0 pvid untagged',
      );
    del(host, bridge, { conf });
    expect(links()).toContain('br0.10');
    if (kind === 'trunk') del(host, bridge, { conf: trunk, ...second });
    else host.sh('ip link del p0');
    del(host, bridge, { conf });
    expect(links()).toEqual(['br0']);
  });

  test('an ADD keeps one that a DEL was killed at', () => {
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    host.sh('ip link set br0.10 group 1660944385');
    del(host, bridge, { conf });
    add(host, bridge, { conf });
    expect(host.json<{ group: string }[]>('ip -j link show br0.10')[0]?.group).toBe('default');
  });

  test('is there for each of several containers that come and go at once', () => {
    const ids = ['c1', 'c2', 'c3', 'c4'];
    host.addContainers('c3', 'c4');
    host.sh(`cat >/run/conf <<'CONF'\n${JSON.stringify(conf)}\nCONF`);
    const outcome = host.sh(`for c in ${ids.join(' ')}; do
        { export CNI_IFNAME=eth0 CNI_PATH=/ CNI_CONTAINERID=$c CNI_NETNS=/run/netns/$c
          for round in 1 2 3 4; do
            CNI_COMMAND=ADD ${bridge} </run/conf >/run/$c || cat /run/$c
            ip netns exec $c ping -q -c 1 -w 20 10.1.0.1 >/run/$c || cat /run/$c
            CNI_COMMAND=DEL ${bridge} </run/conf
          done; } & pids="$pids $!"
      done
      for pid in $pids; do wait $pid; done`);
    expect(outcome).toBe('');
    expect(links()).toEqual(['br0']);
  });

  test('gets its IPv6 address where IPv6 is turned off for new links, and an ADD that fails takes all back', () => {
    host.sh('sysctl -qw net.ipv6.conf.default.disable_ipv6=1');
    const ipv6 = { ...conf, ipam: { type: 'host-local', subnet: 'fd00:1::/64' } };
    const before = host.snapshot('c1');
    const refused = { ...ipv6, ipam: { ...ipv6.ipam, routes: [{ dst: '2001:db8::/48', gw: 'fd00:2::1' }] } };
    expect(failure(host, bridge, 'ADD', { conf: refused }).msg).toContain('cannot add route');
    expect(host.snapshot('c1')).toBe(before);
    add(host, bridge, { conf: ipv6 });
    host.sh('ip netns exec c1 ping -c 1 -w 20 fd00:1::1');
  });
});
