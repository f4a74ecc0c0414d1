import { articleAs } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

interface LinkJson {
  ifname: string;
  mtu: number;
  ifalias?: string;
}

interface AddressJson {
  addr_info: { local: string; prefixlen: number; tentative?: boolean }[];
}

describe.each(executables)('large and odd things for %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const mtu = (name: string, netns = ''): number | undefined =>
    host.json<LinkJson[]>(`ip ${netns} -j link show dev ${name}`)[0]?.mtu;

  /** ADD, CHECK and DEL beside a similar first container, with a look at the state in between. */
  function lifeOf(request: Parameters<typeof add>[2] & { conf: object }, look: () => void): void {
    add(host, bridge, { conf: request.conf, containerID: 'first', netns: '/run/netns/c2' });
    const before = host.snapshot('c1', 'c2');
    const prevResult = add(host, bridge, request);
    look();
    const check = { ...request, conf: { ...request.conf, prevResult } };
    expect(call(host, bridge, 'CHECK', check)).toMatchObject({ status: 0, stdout: '' });
    del(host, bridge, check);
    expect(host.snapshot('c1', 'c2')).toBe(before);
  }

  test.each([200, 3000])('%i routes are made, checked and taken away', (count) => {
    const routes = numbers(count).map((n) => ({ dst: `172.${16 + (n >> 8)}.${n & 255}.0/24` }));
    lifeOf({ conf: { ...article, ipam: { ...article.ipam, routes } } }, () => {
      const made = host.json<{ dst: string; gateway?: string }[]>('ip -n c1 -j route');
      expect(made.filter(({ gateway }) => gateway === '10.15.20.1')).toHaveLength(count);
    });
  });

  test('16 addresses, half of them IPv6, are given, reached and masqueraded', () => {
    const ranges = numbers(8).flatMap((n) => [
      [{ subnet: `10.15.${20 + n}.0/24` }],
      [{ subnet: `fd00:15:${20 + n}::/64` }],
    ]);
    lifeOf({ conf: { ...article, ipam: { type: 'host-local', ranges } } }, () => {
      const [inside] = host.json<AddressJson[]>('ip -n c1 -j addr show dev eth0');
      const held = inside?.addr_info.map(({ local }) => local) ?? [];
      for (const n of numbers(8)) {
        expect(held).toEqual(
          expect.arrayContaining([expect.stringMatching(`^10.15.${20 + n}.`), `fd00:15:${20 + n}::3`]),
        );
      }
      for (const n of numbers(8)) {
        host.sh(`ip netns exec c1 ping -c 1 -w 40 10.15.${20 + n}.1`);
        host.sh(`ip netns exec c1 ping -c 1 -w 40 fd00:15:${20 + n}::1`);
      }
      expect(host.sh('nft list ruleset').match(/comment "cni lab-br1 c1 eth0"/g)).toHaveLength(16);
    });
  });

  test('an MTU of 9000: the bridge, both ends, and packets of that size', () => {
    const { interfaces } = add(host, bridge, { conf: { ...article, mtu: 9000 } });
    expect([mtu('lab-br1'), mtu(interfaces[1]?.name ?? ''), mtu('eth0', '-n c1')]).toEqual([
      9000, 9000, 9000,
    ]);
    host.sh('ip netns exec c1 ping -c 1 -w 40 -M do -s 8972 10.15.20.1');
  });

  test('names of 15 bytes and a container ID of 128 characters fit', () => {
    const containerID = 'c'.repeat(128);
    const ifname = 'fifteen-byte-é';
    const conf = { ...article, name: 'n'.repeat(100), bridge: 'fifteen-bytes-b' };
    const before = host.snapshot('c1');
    add(host, bridge, { conf, containerID, ifname });
    host.sh(`ip netns exec c1 ping -c 1 -w 40 -I ${ifname} 10.15.20.1`);
    const other = { conf, containerID: `${'c'.repeat(127)}d`, ifname, netns: '/run/netns/c2' };
    expect(add(host, bridge, other).ips[0]?.address).toBe('10.15.20.3/24');
    const aliases = host.json<LinkJson[]>('ip -j link').flatMap(({ ifalias = [] }) => ifalias);
    expect(new Set(aliases).size).toBe(2);
    del(host, bridge, { conf, containerID, ifname });
    expect(host.sh('nft list ruleset')).toContain('10.15.20.3');
    expect(host.sh('nft list ruleset')).not.toContain('10.15.20.2 ');
    del(host, bridge, other);
    host.sh('ip link del fifteen-bytes-b && sysctl -qw net.ipv4.ip_forward=0');
    expect(host.snapshot('c1')).toBe(before);
  });
});
