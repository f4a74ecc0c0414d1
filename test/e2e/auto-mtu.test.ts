import { article, articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { examine, networkConf, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

/** A veth to nowhere, up. */
const uplink = (name: string, mtu: number, address: string): string =>
  `ip link add ${name} mtu ${mtu} type veth peer name ${name}far mtu ${mtu}
   ip link set ${name} up; ip link set ${name}far up; ip addr add ${address} dev ${name} nodad`;
const up1 = (mtu: number): string => uplink('up1', mtu, '192.0.2.1/24');
const up2 = (mtu: number): string => uplink('up2', mtu, '198.51.100.1/24');
const vxlan = 'ip link add vx0 mtu 1450 type vxlan id 5 dstport 4789 local 192.0.2.1';

/** What there is on the host, and the MTU that a container then gets; in words what. */
const hosts: [string, string, number][] = [
  ['a default route', `${up1(1400)}; ip route add default via 192.0.2.9`, 1400],
  [
    'a default route of IPv6 alone',
    `${uplink('up1', 1300, '2001:db8::1/64')}; ip -6 route add default dev up1`,
    1300,
  ],
  [
    'two default routes',
    `${up1(1500)}; ${up2(1420)}; ip route add default via 192.0.2.9; ip route add default via 198.51.100.9 metric 9`,
    1420,
  ],
  [
    'a default route over two links',
    `${up1(1500)}; ${up2(1380)}; ip route add default nexthop via 192.0.2.9 nexthop via 198.51.100.9`,
    1380,
  ],
  [
    'a default route of IPv6 over two links',
    `${uplink('up1', 1500, '2001:db8::1/64')}; ${uplink('up2', 1390, '2001:db8:1::1/64')}
     ip -6 route add default nexthop via 2001:db8::9 nexthop via 2001:db8:1::9`,
    1390,
  ],
  ['a default route with an MTU', `${up1(1500)}; ip route add default via 192.0.2.9 mtu 1350`, 1350],
  ['large frames', `${up1(9000)}; ip route add default via 192.0.2.9`, 9000],
  ['other routes', `${up1(1500)}; ${up2(1400)}; ip route add default via 192.0.2.9`, 1500],
  ['another table', `${up1(1400)}; ip route add default via 192.0.2.9 table 7`, 1500],
  ['a blackhole', `${up1(1400)}; ip route add blackhole default; ip -6 route add unreachable default`, 1500],
  [
    'an overlay',
    `${up1(1500)}; ip route add default via 192.0.2.9; ${vxlan}; ip link set vx0 up; ip route add 10.9.0.0/16 dev vx0`,
    1450,
  ],
  [
    'an overlay whose route has an MTU',
    `${up1(1500)}; ${vxlan}; ip link set vx0 up; ip -6 route add fd09::/48 dev vx0 mtu 1410`,
    1410,
  ],
  ['an overlay that is down', `${up1(1500)}; ip route add default via 192.0.2.9; ${vxlan}`, 1500],
  [
    'an overlay without a route',
    `${up1(1500)}; ip route add default via 192.0.2.9; ${vxlan}; ip link set vx0 up`,
    1500,
  ],
  [
    'an uplink in the bridge',
    `${uplink('up1', 1400, '192.0.2.1/24')}; ip link add lab-br1 type bridge; ip link set up1 master lab-br1`,
    1400,
  ],
  [
    'a default route out of the bridge',
    `ip link add lab-br1 type bridge; ip link set lab-br1 up; ip addr add 10.15.20.1/24 dev lab-br1
     ${up1(1400)}; ip link set up1 master lab-br1; ip route add default via 10.15.20.254`,
    1400,
  ],
];

describe.each(executables)('mtu auto, with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const conf = { ...articleAs('1.1.0'), mtu: 'auto' };
  const second = { conf, containerID: 'c2', netns: '/run/netns/c2' };

  const mtu = (link: string): number | undefined =>
    host.json<{ mtu: number }[]>(`ip -j link show ${link}`)[0]?.mtu;
  const inside = (netns = 'c1'): number | undefined =>
    host.json<{ mtu: number }[]>(`ip -n ${netns} -j link show eth0`)[0]?.mtu;

  test.each(hosts)('with %s', (_what, setUp, expected) => {
    host.sh(`set -e; ${setUp}`);
    const { interfaces } = add(host, bridge, { conf });
    expect(inside()).toBe(expected);
    expect(mtu(interfaces[1]?.name ?? '')).toBe(expected);
    expect(mtu(article.bridge)).toBe(expected);
    expect(interfaces).toMatchObject([{}, { mtu: expected }, { mtu: expected }]);
    del(host, bridge, { conf });
  });

  test('without a default route the kernel chooses, and a line says so', () => {
    const { status, stderr } = call(host, bridge, 'ADD', { conf });
    expect([status, stderr]).toEqual([
      0,
      'mtu: auto: the host has no default route yet, so the kernel chooses\n',
    ]);
    expect(inside()).toBe(1500);
  });

  test('no line where the uplink has an MTU', () => {
    host.sh('ip link add up1 mtu 1400 type veth peer name far1');
    expect(call(host, bridge, 'ADD', { conf: { ...conf, uplink: 'up1' } })).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(inside()).toBe(1400);
  });

  test('the bridge goes down and up with its containers', () => {
    host.sh(`set -e; ${up1(1500)}; ip route add default via 192.0.2.9`);
    add(host, bridge, { conf });
    host.sh('ip link set up1 mtu 1400');
    add(host, bridge, second);
    expect([inside('c1'), inside('c2'), mtu(article.bridge)]).toEqual([1500, 1400, 1400]);
    del(host, bridge, second);
    expect(mtu(article.bridge)).toBe(1500);
    del(host, bridge, { conf });
    host.sh('ip link set up1 mtu 9000');
    add(host, bridge, second);
    expect([inside('c2'), mtu(article.bridge)]).toEqual([9000, 9000]);
  });

  test.each(['0.4.0', '1.0.0', '1.1.0'])('CHECK compares with what ADD set, in %s', (cniVersion) => {
    host.sh(`set -e; ${up1(1400)}; ip route add default via 192.0.2.9`);
    const versioned = { ...conf, cniVersion };
    const prevResult = add(host, bridge, { conf: versioned });
    const request = { conf: { ...versioned, prevResult } };
    const well = { status: 0, stdout: '' };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject(well);
    // What ADD would set now is no matter.
    for (const now of [1300, 9000]) {
      host.sh(`ip link set up1 mtu ${now}`);
      expect(call(host, bridge, 'CHECK', request)).toMatchObject(well);
    }
    host.sh('ip -n c1 link set eth0 mtu 1450');
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      code: 999,
      msg: 'not as it was set up: MTU of eth0',
      details: 'expected 1400, found 1450',
    });
    const fixed = { conf: { ...request.conf, mtu: 1400 } };
    expect(call(host, bridge, 'CHECK', fixed)).toMatchObject(well);
  });

  test('too small for IPv6: refused, and nothing is left', () => {
    host.sh(`set -e; ${up1(1200)}; ip route add default via 192.0.2.9`);
    const before = host.snapshot('c1');
    const ipam = { type: 'host-local', subnet: 'fd15::/64' };
    const { code, msg } = failure(host, bridge, 'ADD', { conf: { ...conf, ipam } });
    expect([code, msg]).toEqual([
      7,
      'invalid configuration: mtu: must be 1280 or more for the IPv6 address fd15::2/64, not 1200',
    ]);
    host.sh('rm -rf /var/lib/cni/networks');
    expect(host.snapshot('c1')).toBe(before);
  });

  test("the doctor finds containers whose uplink's MTU has become smaller", () => {
    const network = networkConf('lab0', '10.15.20.0/24', { mtu: 'auto', cniVersion: '1.1.0' });
    writeConf(host, network);
    host.sh(`set -e; ${up1(1500)}; ip route add default via 192.0.2.9; ip -n c1 link set lo up`);
    add(host, bridge, { conf: network });
    const about = () => examine(host, bridge).findings.filter(({ what }) => what.includes('MTU'));
    expect(about()).toEqual([]);
    host.sh('ip link set up1 mtu 1400');
    expect(about()).toMatchObject([
      {
        what: 'lab0 has containers with more than the MTU 1400 that is left on the way out',
        where: [expect.stringMatching(/c1 eth0.* MTU 1500$/)],
        isFixable: false,
      },
    ]);
    del(host, bridge, { conf: network });
    add(host, bridge, { conf: network });
    expect(about()).toEqual([]);
  });

  describe('packets with DF', () => {
    const ranges = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd15::/64' }]];
    /** Makes the neighbour, and waits until both hear neighbour solicitations, which the kernel joins a group for. */
    const makeNeighbour = (): void => {
      host.makeNeighbour();
      host.sh(`timeout 60 sh -c '
        until ip -6 maddr show dev up0 | grep -q ff02::1:ff00:1 &&
          ip -n beyond -6 maddr show dev eth0 | grep -q ff02::1:ff00:2; do sleep 0.05; done'`);
    };
    const dual = {
      ...conf,
      isDefaultGateway: true,
      ipMasq: false,
      ipam: { type: 'host-local', ranges },
    };
    /** The largest ping that goes from the container, and what becomes of one that is a byte larger. */
    const expectLargest = (to: string, headers: number, size: number): void => {
      const ping = (length: number) => [
        ...['ip', 'netns', 'exec', 'c1', 'ping', '-c', '1', '-W', '10', '-M', 'do'],
        ...['-s', String(length - headers), to],
      ];
      expect(host.run(ping(size)).stdout).toContain('1 received');
      const larger = host.run(ping(size + 1));
      expect(`${larger.stdout}${larger.stderr}`).toMatch(new RegExp(`too long, mtu[=: ]*${size}`));
    };

    test('of full size go through an uplink of a smaller MTU', () => {
      makeNeighbour();
      host.sh(`set -e
        ip link set up0 mtu 1400; ip -n beyond link set eth0 mtu 1400
        ip route add default via 192.0.2.2
        ip -n beyond route add default via 192.0.2.1; ip -n beyond -6 route add default via 2001:db8::1`);
      add(host, bridge, { conf: dual });
      expectLargest('192.0.2.2', 28, 1400);
      expectLargest('2001:db8::2', 48, 1400);
    });

    test("of full size go through an overlay to another node's containers", () => {
      makeNeighbour();
      const overlay = 'type vxlan id 5 dstport 4789';
      host.sh(`set -e
        ip route add default via 192.0.2.2
        ip link add vx0 mtu 1450 ${overlay} local 192.0.2.1 remote 192.0.2.2
        ip -n beyond link add vx0 mtu 1450 ${overlay} local 192.0.2.2 remote 192.0.2.1
        ip addr add 10.9.0.1/24 dev vx0; ip link set vx0 up
        ip -n beyond addr add 10.9.0.2/24 dev vx0; ip -n beyond link set vx0 up
        ip -n beyond route add 10.15.20.0/24 via 10.9.0.1`);
      add(host, bridge, { conf: dual });
      expectLargest('10.9.0.2', 28, 1450);
    });
  });
});
