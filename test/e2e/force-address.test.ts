import { article } from '../support/article.ts';
import { add, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const dual = {
  ...article,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]] },
};
const forced = { ...dual, forceAddress: true };

/** What an operator may have given the bridge, and what becomes of it. */
const bridges: [string, string][] = [
  ['one other address', 'ip addr add 10.9.0.1/16 dev lab-br1'],
  ['an address with secondary ones', 'for n in 1 2 3; do ip addr add 10.9.0.$n/16 dev lab-br1; done'],
  [
    'two subnets with secondary ones',
    'for n in 1 2; do for m in 8 9; do ip addr add 10.$m.0.$n/16 dev lab-br1; done; done',
  ],
  [
    'secondary ones that are promoted',
    `sysctl -qw net.ipv4.conf.lab-br1.promote_secondaries=1
     for n in 1 2 3; do ip addr add 10.9.0.$n/16 dev lab-br1; done`,
  ],
  ['an address of the same subnet', 'ip addr add 10.15.20.254/24 dev lab-br1'],
  [
    'labels, peers, scopes, metrics, and no broadcast address',
    `ip addr add 10.9.0.1/16 broadcast 10.9.9.9 label lab-br1:a dev lab-br1
     ip addr add 10.9.0.2/16 label lab-br1:b dev lab-br1
     ip addr add 10.8.0.1 peer 10.8.0.2/32 dev lab-br1
     ip addr add 10.7.0.1/24 scope link dev lab-br1
     ip addr add 10.6.0.1/24 metric 300 dev lab-br1
     ip addr add 10.5.0.1/24 noprefixroute dev lab-br1`,
  ],
  [
    'routes',
    `ip addr add 10.9.0.1/16 dev lab-br1
     ip addr add 10.9.0.2/16 dev lab-br1
     ip route add 172.16.0.0/16 dev lab-br1
     ip route add 172.17.0.0/16 via 10.9.0.7 src 10.9.0.2 metric 5 mtu 1400
     ip route add 172.18.0.0/16 nexthop via 10.9.0.7 nexthop via 10.9.0.8 weight 3
     ip route add 172.19.0.0/16 via 172.16.0.1 dev lab-br1
     ip route add default via 10.9.0.9 table 100`,
  ],
  [
    'overlapping IPv6 addresses and routes',
    `ip addr add fd00:15:20::99/64 dev lab-br1 nodad
     ip addr add fd00:15::1/32 dev lab-br1 nodad
     ip -6 route add 2001:db8:1::/48 dev lab-br1
     ip -6 route add 2001:db8:2::/48 via fd00:15:20::7 src fd00:15::1 metric 5
     ip -6 route add 2001:db8:3::/48 nexthop via fd00:15:20::7 nexthop via fd00:15:20::8`,
  ],
];

describe.each(executables)('forceAddress of %s', (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    host.sh('ip link add lab-br1 address 02:15:20:00:00:01 up type bridge');
    // Makes masquerading fail, after the addresses are set.
    host.sh('nft add table inet cni-bridge-lab-br1');
    host.sh('nft add map inet cni-bridge-lab-br1 sources4 "{ type inet_service : verdict; }"');
  });

  const addresses = (): string[] =>
    host
      .json<{ addr_info: { local: string; prefixlen: number }[] }[]>('ip -j addr show dev lab-br1')
      .flatMap((link) => link.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`))
      .filter((address) => !address.startsWith('fe80'));

  describe.each(bridges)('on a bridge with %s', (_what, prepare) => {
    test('puts the gateways in their place', () => {
      host.sh(prepare);
      add(host, bridge, { conf: { ...forced, ipMasq: false } });
      expect(addresses()).toEqual(['10.15.20.1/24', 'fd00:15:20::1/64']);
      host.sh('ip netns exec c1 ping -c 1 -w 40 10.15.20.1');
    });

    test('puts everything back when the ADD fails', () => {
      host.sh(prepare);
      const before = host.snapshot('c1');
      expect(failure(host, bridge, 'ADD', { conf: forced }).msg).toContain('cni-bridge-lab-br1');
      expect(host.snapshot('c1')).toBe(before);
    });
  });

  test('without it an error names both, and nothing is touched', () => {
    host.sh('ip addr add 10.9.0.1/16 dev lab-br1');
    const before = host.snapshot('c1');
    expect(failure(host, bridge, 'ADD', { conf: article })).toMatchObject({
      code: 7,
      msg: 'bridge "lab-br1" already has an IP address different from 10.15.20.1/24',
      details: 'it has 10.9.0.1/16; "forceAddress": true replaces it',
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test('IPv6 addresses of other subnets may stay', () => {
    host.sh('ip addr add fd00:99::1/64 dev lab-br1 nodad');
    add(host, bridge, { conf: { ...dual, ipMasq: false } });
    expect(addresses().sort()).toEqual(['10.15.20.1/24', 'fd00:15:20::1/64', 'fd00:99::1/64']);
  });

  test('gateways of one network stand side by side, in each family', () => {
    const ranges = [[{ subnet: '10.15.20.0/24' }], [{ subnet: '10.15.21.0/24' }]];
    const conf = { ...article, ipMasq: false, ipam: { type: 'host-local', ranges } };
    add(host, bridge, { conf });
    expect(addresses()).toEqual(['10.15.20.1/24', '10.15.21.1/24']);
    host.addContainers('c2');
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    expect(addresses()).toEqual(['10.15.20.1/24', '10.15.21.1/24']);
  });
});
