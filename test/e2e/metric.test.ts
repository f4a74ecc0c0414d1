import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

interface Network {
  readonly ifname: string;
  readonly conf: object;
}

/** A network with both families: 10.N.0.0/24 and fd0N::/64. */
function network(number: number, more: object, cniVersion = '1.1.0'): Network {
  const ranges = [[{ subnet: `10.${number}.0.0/24` }], [{ subnet: `fd0${number}::/64` }]];
  return {
    ifname: `eth${number}`,
    conf: {
      cniVersion,
      name: `net${number}`,
      type: 'bridge',
      bridge: `br${number}`,
      isDefaultGateway: true,
      ipam: { type: 'host-local', ranges },
      ...more,
    },
  };
}

describe.each(executables)('metric, with %s', (_name, bridge) => {
  const host = useHost('c1');

  const defaults = (of: string): [string, number | undefined][] =>
    host
      .json<{ dev: string; metric?: number }[]>(`ip -n c1 -j ${of} route show default`)
      .map(({ dev, metric }) => [dev, metric]);
  /** Whom a server beyond the host sees. */
  const seen = (): string[] =>
    ['192.0.2.2', '[2001:db8::2]'].map((server) =>
      host.sh(`ip netns exec c1 curl -s --max-time 10 http://${server}/`),
    );
  const startBeyond = (): void => {
    host.makeNeighbour();
    host.sh(`ip -n beyond route add 10.0.0.0/8 via 192.0.2.1
      ip -n beyond route add fd00::/8 via 2001:db8::1`);
    host.serve('beyond');
  };

  test('packets take the network of the lowest, and the other once that is gone', () => {
    startBeyond();
    const spare = network(2, { metric: 200 });
    const fast = network(1, { metric: 100 });
    add(host, bridge, fast);
    add(host, bridge, spare);
    expect(defaults('-4')).toEqual([
      ['eth1', 100],
      ['eth2', 200],
    ]);
    expect(defaults('-6')).toEqual([
      ['eth1', 100],
      ['eth2', 200],
    ]);
    expect(seen()).toEqual(['seen from 10.1.0.2', 'seen from fd01::2']);
    del(host, bridge, fast);
    expect(defaults('-4')).toEqual([['eth2', 200]]);
    expect(seen()).toEqual(['seen from 10.2.0.2', 'seen from fd02::2']);
    del(host, bridge, spare);
    expect([defaults('-4'), defaults('-6')]).toEqual([[], []]);
  });

  test('a network without one goes first in IPv4, whichever comes first', () => {
    add(host, bridge, network(1, { metric: 50 }));
    add(host, bridge, network(2, {}));
    add(host, bridge, network(3, { isDefaultGateway: false, isGateway: true }));
    expect(defaults('-4')).toEqual([
      ['eth2', undefined],
      ['eth1', 50],
    ]);
    expect(defaults('-6')).toEqual([
      ['eth1', 50],
      ['eth2', 1024],
    ]);
  });

  test.each(['0.4.0', '1.0.0', '1.1.0'])('CHECK finds that it has changed, in %s', (version) => {
    const { ifname, conf } = network(1, { metric: 100 }, version);
    const prevResult = add(host, bridge, { ifname, conf });
    const request = { ifname, conf: { ...conf, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh(`ip -n c1 -6 route del default
      ip -n c1 -6 route add default via fd01::1 metric 300`);
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      code: 999,
      details: 'expected ::/0 via fd01::1 priority 100, found ::/0 via fd01::1 priority 300',
    });
  });

  test('a failed ADD takes its default route away, and leaves the other', () => {
    add(host, bridge, network(1, { metric: 100 }));
    const before = host.sh('ip -n c1 route; ip -n c1 -6 route');
    const ipam = {
      type: 'host-local',
      subnet: '10.2.0.0/24',
      routes: [{ dst: '10.9.0.0/16', gw: '192.0.2.9' }],
    };
    const { code } = failure(host, bridge, 'ADD', network(2, { metric: 50, ipam }));
    expect(code).toBe(999);
    expect(host.sh('ip -n c1 route; ip -n c1 -6 route')).toBe(before);
  });

  test("IPAM's default route gets it, unless it has a priority of its own", () => {
    const routes = [{ dst: '0.0.0.0/0' }, { dst: '::/0', priority: 7 }];
    const { ipam } = Object.assign({ ipam: {} }, network(1, {}).conf);
    const { routes: told } = add(host, bridge, network(1, { metric: 100, ipam: { ...ipam, routes } }));
    expect(defaults('-4')).toEqual([['eth1', 100]]);
    expect(defaults('-6')).toEqual([
      ['eth1', 7],
      ['eth1', 100],
    ]);
    expect(told).toEqual([
      { dst: '0.0.0.0/0', priority: 100 },
      { dst: '::/0', priority: 7 },
      { dst: '0.0.0.0/0', gw: '10.1.0.1', priority: 100 },
      { dst: '::/0', gw: 'fd01::1', priority: 100 },
    ]);
  });
});
