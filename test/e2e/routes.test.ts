import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const v4 = { subnet: '10.15.20.0/24' };
const v6 = { subnet: 'fd00:15:20::/64' };

interface RouteJson {
  dst: string;
  gateway?: string;
  dev?: string;
  protocol?: string;
  scope?: string;
  metric?: number;
  metrics?: { mtu?: number; advmss?: number }[];
  nexthops?: { gateway: string; dev: string }[];
}

describe.each(executables)('routes of %s, as the kernel has them', (_name, bridge) => {
  const host = useHost('c1');

  const routes = (family = '-4', table = 'main'): RouteJson[] =>
    host
      .json<RouteJson[]>(`ip -n c1 -j ${family} route show table ${table}`)
      .filter(({ protocol, dev = 'eth0' }) => protocol !== 'kernel' && dev === 'eth0');
  const withRoutes = (...list: object[]) => ({
    ...article,
    ipam: { type: 'host-local', ranges: [[v4], [v6]], routes: list },
  });

  /** What CHECK says of what ADD made. */
  function check(conf: object): void {
    const prevResult = add(host, bridge, { conf });
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
      status: 0,
      stdout: '',
    });
  }

  test('a route has its priority, mtu, advmss and scope', () => {
    check(
      withRoutes(
        { dst: '198.51.100.0/24', priority: 77, mtu: 1300, advmss: 1200 },
        { dst: '203.0.113.0/24', scope: 253 },
        { dst: '2001:db8:1::/48', priority: 78, mtu: 1310, advmss: 1210 },
      ),
    );
    const [first, second] = routes();
    expect(first).toMatchObject({
      dst: '198.51.100.0/24',
      gateway: '10.15.20.1',
      metric: 77,
      metrics: [{ mtu: 1300, advmss: 1200 }],
    });
    expect(second).toMatchObject({ dst: '203.0.113.0/24', scope: 'link' });
    expect(second?.gateway).toBeUndefined();
    expect(routes('-6')).toMatchObject([
      {
        dst: '2001:db8:1::/48',
        gateway: 'fd00:15:20::1',
        metric: 78,
        metrics: [{ mtu: 1310, advmss: 1210 }],
      },
    ]);
  });

  test('a route is in its table, whose number may take more than one byte', () => {
    check(
      withRoutes(
        { dst: '0.0.0.0/0', table: 100 },
        { dst: '0.0.0.0/0', table: 100_000 },
        { dst: '::/0', table: 100 },
      ),
    );
    expect(routes('-4', '100')).toMatchObject([{ dst: 'default', gateway: '10.15.20.1' }]);
    expect(routes('-4', '100000')).toMatchObject([{ dst: 'default', gateway: '10.15.20.1' }]);
    expect(routes('-6', '100')).toMatchObject([{ dst: 'default', gateway: 'fd00:15:20::1' }]);
    expect(routes()).toEqual([]);
  });

  test('a second gateway to the same destination is a next hop', () => {
    check(
      withRoutes(
        { dst: '198.51.100.0/24', gw: '10.15.20.8' },
        { dst: '2001:db8:1::/48', gw: 'fd00:15:20::8' },
        { dst: '198.51.100.0/24', gw: '10.15.20.9' },
        { dst: '2001:db8:1::/48', gw: 'fd00:15:20::9' },
        { dst: '198.51.100.0/24', gw: '10.15.20.9', priority: 5 },
      ),
    );
    const hops = ({ nexthops = [] }: RouteJson): string[] => nexthops.map(({ gateway }) => gateway);
    expect(routes().map((route) => [route.metric, hops(route), route.gateway])).toEqual([
      [undefined, ['10.15.20.8', '10.15.20.9'], undefined],
      [5, [], '10.15.20.9'],
    ]);
    expect(routes('-6').map(hops)).toEqual([['fd00:15:20::8', 'fd00:15:20::9']]);
  });

  test.each<[string, object[], (string | undefined)[]]>([
    ['no default route of IPAM', [], ['10.15.20.1', 'fd00:15:20::1']],
    [
      'default routes of IPAM without a gateway',
      [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      ['10.15.20.1', 'fd00:15:20::1'],
    ],
    [
      'a default route of IPAM with a gateway',
      [{ dst: '0.0.0.0/0', gw: '10.15.20.9' }],
      ['10.15.20.9', 'fd00:15:20::1'],
    ],
  ])('isDefaultGateway and %s', (_what, list, gateways) => {
    check({ ...withRoutes(...list), isGateway: false, isDefaultGateway: true });
    const defaults = [...routes(), ...routes('-6')].filter(({ dst }) => dst === 'default');
    expect(defaults.map(({ gateway }) => gateway)).toEqual(gateways);
  });

  test.each([
    [
      'its priority',
      'ip -n c1 route replace 198.51.100.0/24 via 10.15.20.1 metric 5 && ip -n c1 route del 198.51.100.0/24 metric 77',
    ],
    ['its MTU', 'ip -n c1 route change 198.51.100.0/24 via 10.15.20.1 metric 77 mtu 1400 advmss 1200'],
    [
      'its table',
      'ip -n c1 route add 198.51.100.0/24 via 10.15.20.1 table 99 metric 77 mtu 1300 advmss 1200 && ip -n c1 route del 198.51.100.0/24 table main',
    ],
    ['its gateway', 'ip -n c1 route change 198.51.100.0/24 via 10.15.20.3 metric 77 mtu 1300 advmss 1200'],
  ])('CHECK finds out that a route has changed %s', (_what, command) => {
    const conf = withRoutes({
      dst: '198.51.100.0/24',
      gw: '10.15.20.1',
      priority: 77,
      mtu: 1300,
      advmss: 1200,
    });
    const prevResult = add(host, bridge, { conf });
    host.sh(command);
    const error = failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } });
    expect(`${error.msg} ${error.details}`).toContain('198.51.100.0/24');
  });

  test('DEL takes them all', () => {
    const conf = withRoutes({ dst: '0.0.0.0/0', table: 100 }, { dst: '::/0', table: 100 });
    const before = host.json('ip -n c1 -j route show table all');
    add(host, bridge, { conf });
    del(host, bridge, { conf });
    expect(host.json('ip -n c1 -j route show table all')).toEqual(before);
  });
});
