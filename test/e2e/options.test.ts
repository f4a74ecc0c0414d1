import { article } from '../support/article.ts';
import { add, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const subnet = { type: 'host-local', subnet: '10.15.20.0/24' };

interface LinkJson {
  ifname: string;
  address: string;
  mtu: number;
  flags: string[];
  promiscuity?: number;
  linkinfo?: { info_slave_data?: { hairpin: boolean; isolated: boolean } };
}

interface RouteJson {
  dst: string;
  gateway?: string;
  protocol?: string;
}

describe.each(executables)('options of %s, as the kernel sees them', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const link = (name: string | undefined): LinkJson | undefined =>
    host.json<LinkJson[]>(`ip -j -d link show dev ${name}`)[0];
  const inside = (): LinkJson | undefined => host.json<LinkJson[]>('ip -n c1 -j link show dev eth0')[0];
  const sysctl = (path: string, netns = ''): string =>
    host.sh(`${netns === '' ? '' : `ip netns exec ${netns}`} cat /proc/sys/net/${path}`).trim();

  test('without isGateway the bridge has no address and the host forwards nothing', () => {
    add(host, bridge, { conf: { ...article, isGateway: false, ipMasq: false, ipam: subnet } });
    expect(host.sh('ip -4 addr show dev lab-br1')).toBe('');
    expect(sysctl('ipv4/ip_forward')).toBe('0');
    expect(host.sh('nft list ruleset')).toBe('');
    expect(host.sh('ip -n c1 route show default')).toBe('');
  });

  test('isGateway turns on forwarding, and makes no default route by itself', () => {
    add(host, bridge, { conf: { ...article, ipam: subnet } });
    expect(host.sh('ip -o -4 addr show dev lab-br1')).toContain('inet 10.15.20.1/24 brd 10.15.20.255');
    expect(sysctl('ipv4/ip_forward')).toBe('1');
    expect(host.sh('ip -n c1 route show default')).toBe('');
  });

  test('isDefaultGateway implies isGateway, and makes the default route', () => {
    const conf = { ...article, isGateway: false, isDefaultGateway: true, ipam: subnet };
    expect(add(host, bridge, { conf }).routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.15.20.1' }]);
    expect(host.sh('ip -n c1 route show default').trim()).toBe('default via 10.15.20.1 dev eth0');
    expect(sysctl('ipv4/ip_forward')).toBe('1');
  });

  test('routes go through their own gateway, or else through that of the subnet', () => {
    const routes = [
      { dst: '198.51.100.0/24' },
      { dst: '203.0.113.0/24', gw: '10.15.20.254' },
      { dst: '0.0.0.0/0' },
    ];
    const result = add(host, bridge, { conf: { ...article, ipam: { ...subnet, routes } } });
    expect(result.routes).toEqual(routes);
    const made = host
      .json<RouteJson[]>('ip -n c1 -j route')
      .filter(({ protocol }) => protocol !== 'kernel')
      .map(({ dst, gateway }) => [dst, gateway]);
    expect(made.sort()).toEqual([
      ['198.51.100.0/24', '10.15.20.1'],
      ['203.0.113.0/24', '10.15.20.254'],
      ['default', '10.15.20.1'],
    ]);
  });

  test('mtu is that of the bridge and of both ends', () => {
    const result = add(host, bridge, { conf: { ...article, mtu: 1400 } });
    expect(link('lab-br1')?.mtu).toBe(1400);
    expect(link(result.interfaces[1]?.name)?.mtu).toBe(1400);
    expect(inside()?.mtu).toBe(1400);
  });

  test.each([true, false])('the port has hairpinMode %s', (hairpinMode) => {
    const result = add(host, bridge, { conf: { ...article, hairpinMode } });
    const port = link(result.interfaces[1]?.name)?.linkinfo?.info_slave_data;
    expect(port).toMatchObject({ hairpin: hairpinMode, isolated: false });
  });

  test.each([true, false])('the bridge has promiscMode %s', (promiscMode) => {
    add(host, bridge, { conf: { ...article, promiscMode } });
    expect(link('lab-br1')?.flags.includes('PROMISC')).toBe(promiscMode);
  });

  test('portIsolation keeps containers from each other, not from the host', () => {
    const conf = { ...article, portIsolation: true };
    const result = add(host, bridge, { conf });
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    expect(link(result.interfaces[1]?.name)?.linkinfo?.info_slave_data?.isolated).toBe(true);
    host.sh('ping -c 1 -W 5 10.15.20.2 && ping -c 1 -W 5 10.15.20.3');
    expect(host.run('ip netns exec c2 ping -c 1 -W 1 10.15.20.2'.split(' ')).status).toBe(1);
  });

  test("dns replaces the IPAM's", () => {
    host.sh('printf "nameserver 10.1.1.1\\nsearch ipam.example\\n" >/run/resolv.conf');
    const ipam = { ...subnet, resolvConf: '/run/resolv.conf' };
    expect(add(host, bridge, { conf: { ...article, ipam } }).dns).toEqual({
      nameservers: ['10.1.1.1'],
      search: ['ipam.example'],
    });
    const dns = { nameservers: ['10.2.2.2'] };
    const second = { conf: { ...article, dns, ipam }, containerID: 'c2', netns: '/run/netns/c2' };
    expect(add(host, bridge, second).dns).toEqual(dns);
  });

  test('the container has the MAC address that CNI_ARGS asks for', () => {
    const result = add(host, bridge, { conf: article, env: { CNI_ARGS: 'MAC=02:15:20:00:00:07' } });
    expect(result.interfaces[2]?.mac).toBe('02:15:20:00:00:07');
    expect(inside()?.address).toBe('02:15:20:00:00:07');
  });

  test('the container has the IP address that CNI_ARGS asks for', () => {
    const result = add(host, bridge, { conf: article, env: { CNI_ARGS: 'IP=10.15.20.77' } });
    expect(result.ips[0]?.address).toBe('10.15.20.77/24');
    expect(host.sh('ip -n c1 -o -4 addr show eth0')).toContain('inet 10.15.20.77/24');
  });

  test('forceAddress replaces the address of the bridge', () => {
    host.sh('ip link add lab-br1 type bridge && ip addr add 10.9.0.1/16 dev lab-br1');
    add(host, bridge, { conf: { ...article, forceAddress: true } });
    expect(host.sh('ip -o -4 addr show lab-br1')).toMatch(/^[^\n]*inet 10\.15\.20\.1\/24[^\n]*\n$/);
  });

  test('without being asked, the container announces itself, router advertisements are ignored, and the bridge keeps its MAC address', () => {
    const result = add(host, bridge, { conf: article });
    const [own, veth] = result.interfaces.map(({ name }) => name);
    expect(sysctl('ipv4/conf/eth0/arp_notify', 'c1')).toBe('1');
    expect(sysctl(`ipv6/conf/${own}/accept_ra`)).toBe('0');
    expect(sysctl(`ipv6/conf/${veth}/accept_ra`)).toBe('0');
    expect(link('lab-br1')?.address).toBe(result.interfaces[0]?.mac);
    add(host, bridge, { conf: article, containerID: 'c2', netns: '/run/netns/c2' });
    expect(link('lab-br1')?.address).toBe(result.interfaces[0]?.mac);
  });

  test('layer 2 only: a link that is up, no address, no lease', () => {
    const { ipam: _ipam, ...layer2 } = article;
    const conf = { ...layer2, isGateway: false, ipMasq: false };
    const result = add(host, bridge, { conf });
    expect([result.ips, result.routes]).toEqual([undefined, undefined]);
    expect(inside()?.flags).toEqual(expect.arrayContaining(['UP', 'LOWER_UP']));
    expect(host.sh('ip -n c1 -4 addr show dev eth0')).toBe('');
    expect(host.sh('find /var/lib/cni -type f')).toBe('');
    del(host, bridge, { conf });
    expect(host.sh('ip -n c1 -o link')).not.toContain('eth0');
  });

  test('IPv6 beside IPv4: both masqueraded, usable at once, gone after DEL', () => {
    const ipam = {
      type: 'host-local',
      ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
    };
    const conf = { ...article, ipam, isDefaultGateway: true };
    const result = add(host, bridge, { conf });
    expect(result.ips.map(({ version, address }) => [version, address])).toEqual([
      ['4', '10.15.20.2/24'],
      ['6', 'fd00:15:20::2/64'],
    ]);
    expect(host.sh('ip -n c1 -6 addr show eth0 tentative')).not.toContain('fd00');
    host.sh('ping -c 1 -W 5 fd00:15:20::2');
    expect(host.sh('ip -n c1 -6 route show default')).toContain('default via fd00:15:20::1 dev eth0');
    expect(sysctl('ipv6/conf/all/forwarding')).toBe('1');
    expect(host.sh('nft list ruleset')).toContain('fd00:15:20::2 comment');
    del(host, bridge, { conf });
    expect(host.sh('nft list ruleset')).toBe('');
  });
});
