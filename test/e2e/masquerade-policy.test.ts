import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { run, writeConf } from '../support/doctor.ts';
import { useLegacyIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const ipam = {
  type: 'host-local',
  ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
};
const plain = { ...articleAs('1.1.0'), isDefaultGateway: true, ipam };
const policy = {
  outboundAddresses: ['192.0.2.10', '2001:db8::10'],
  noMasquerade: ['198.51.100.0/24', '203.0.113.0/24', '2001:db8:2::/48'],
};
const conf = { ...plain, ...policy };
const second = { containerID: 'c2', netns: '/run/netns/c2' };
const well = { status: 0, stdout: '', stderr: '' };
const table = 'inet cni-bridge-lab-br1';

const backends: [string, object, boolean][] = [
  ['nftables', { ipMasqBackend: 'nftables' }, false],
  ['iptables-nft', { ipMasqBackend: 'iptables' }, false],
  ['iptables-legacy', { ipMasqBackend: 'iptables' }, true],
];

describe.each(executables)('how %s masquerades', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  beforeEach(() => {
    // The host's second addresses, and beyond it more servers, which know the way back to the containers.
    host.makeNeighbour();
    host.sh(`ip addr add 192.0.2.10/24 dev up0 && ip addr add 2001:db8::10/64 dev up0 nodad
      ip route add 198.51.100.0/24 via 192.0.2.2 && ip -6 route add 2001:db8:2::/48 via 2001:db8::2
      ip -n beyond link set lo up
      ip -n beyond addr add 198.51.100.2/32 dev lo && ip -n beyond addr add 2001:db8:2::2/128 dev lo nodad
      ip -n beyond route add 10.15.20.0/24 via 192.0.2.1 && ip -n beyond -6 route add fd00:15:20::/64 via 2001:db8::1`);
    host.serve('beyond');
  });

  /** The address that a server sees a container by. */
  const seenFrom = (container: string, server: string): string =>
    host.sh(`ip netns exec ${container} curl -gs --max-time 10 http://${server}/`).replace('seen from ', '');
  /** An ADD for another container. It returns before the bridge's IPv6 address has its route. */
  function addOther(by: object): void {
    add(host, bridge, { conf: { ...plain, ...by }, ...second });
    host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
  }
  const check = (network: object, prevResult: unknown) =>
    call(host, bridge, 'CHECK', { conf: { ...network, prevResult } });

  test.each(backends)(
    'by %s: to an address of the host, but not to every destination',
    (_by, by, isLegacy) => {
      if (isLegacy) useLegacyIptables(host);
      addOther(by);
      const before = host.snapshot('c1', 'c2');
      const prevResult = add(host, bridge, { conf: { ...conf, ...by } });
      expect(seenFrom('c1', '192.0.2.2')).toBe('192.0.2.10');
      expect(seenFrom('c1', '[2001:db8::2]')).toBe('2001:db8::10');
      expect(seenFrom('c1', '198.51.100.2')).toBe('10.15.20.3');
      expect(seenFrom('c1', '[2001:db8:2::2]')).toBe('fd00:15:20::3');
      expect(seenFrom('c2', '192.0.2.2')).toBe('192.0.2.1');
      expect(seenFrom('c2', '198.51.100.2')).toBe('192.0.2.1');
      host.serve('c2');
      expect(seenFrom('c1', '10.15.20.2')).toBe('10.15.20.3');
      expect(check({ ...conf, ...by }, prevResult)).toEqual(well);
      del(host, bridge, { conf: { ...plain, ...by } });
      expect(host.snapshot('c1', 'c2')).toBe(before);
      expect(seenFrom('c2', '192.0.2.2')).toBe('192.0.2.1');
      expect(call(host, bridge, 'GC', { conf: { ...conf, 'cni.dev/valid-attachments': [] } })).toEqual(well);
      expect(host.sh('nft list ruleset; iptables-save -t nat; ip6tables-save -t nat')).not.toMatch(
        /10\.15\.20|CNI-|fd00/,
      );
    },
  );

  test.each(backends)('by %s: one family alone', (_by, by, isLegacy) => {
    if (isLegacy) useLegacyIptables(host);
    const network = { ...plain, ...by, ipMasqFamilies: ['ipv4'] };
    addOther(by);
    const before = host.snapshot('c1', 'c2');
    const prevResult = add(host, bridge, { conf: network });
    expect(seenFrom('c1', '192.0.2.2')).toBe('192.0.2.1');
    expect(seenFrom('c1', '[2001:db8::2]')).toBe('fd00:15:20::3');
    expect(check(network, prevResult)).toEqual(well);
    del(host, bridge, { conf: network });
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('the rules are in the chain that the element leads to; the others are what they are without a policy', () => {
    add(host, bridge, { conf: plain, ...second });
    const base = host.sh(`nft list chain ${table} postrouting`);
    add(host, bridge, { conf });
    expect(host.sh(`nft list chain ${table} postrouting`)).toBe(base);
    const [, chain = ''] =
      /10\.15\.20\.3 comment "cni lab-br1 c1 eth0" : goto (\S+)/.exec(host.sh('nft list ruleset')) ?? [];
    expect(chain).toMatch(/^masquerade-10\.15\.20\.0\/24-[0-9a-f]{8}$/);
    expect(
      host
        .sh(`nft list chain ${table} ${chain}`)
        .split('\n')
        .slice(2, -3)
        .map((line) => line.trim()),
    ).toEqual([
      'ip daddr 10.15.20.0/24 return',
      'ip daddr 224.0.0.0/4 return',
      'ip daddr 198.51.100.0/24 return',
      'ip daddr 203.0.113.0/24 return',
      'snat ip to 192.0.2.10',
    ]);
  });

  test('two containers of a policy share a chain, which goes with the last; another policy has its own', () => {
    const chains = (): number =>
      host.sh(`nft list table ${table} 2>/dev/null || true`).match(/chain masquerade-10/g)?.length ?? 0;
    add(host, bridge, { conf });
    add(host, bridge, { conf, ifname: 'eth1' });
    expect(chains()).toBe(1);
    add(host, bridge, { conf: { ...plain, noMasquerade: ['198.51.100.0/24'] }, ...second });
    expect(chains()).toBe(2);
    expect(seenFrom('c2', '192.0.2.2')).toBe('192.0.2.1');
    expect(seenFrom('c2', '198.51.100.2')).toMatch(/^10\.15\.20\./);
    del(host, bridge, { conf });
    expect(chains()).toBe(2);
    del(host, bridge, { conf: plain, ifname: 'eth1' });
    expect(chains()).toBe(1);
    del(host, bridge, { conf: plain, ...second });
    expect(host.sh('nft list ruleset')).toBe('');
  });

  test('CHECK finds what is lost, and the next ADD and restore give it back', () => {
    writeConf(host, conf);
    const prevResult = add(host, bridge, { conf });
    const [, chain = ''] = /chain (masquerade-10\S+)/.exec(host.sh('nft list ruleset')) ?? [];
    const found = (): string => failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } }).msg;
    const before = host.sh('nft -j list ruleset').replace(/"handle": \d+/g, '');
    const now = (): string => host.sh('nft -j list ruleset').replace(/"handle": \d+/g, '');
    for (const command of [
      `nft flush chain ${table} ${chain}`,
      `nft flush table ${table}`,
      'nft flush ruleset',
    ]) {
      host.sh(command);
      expect(found()).toBe('not as it was set up: masquerading of 10.15.20.2');
      expect(run(host, bridge, 'restore').stdout).toBe(
        'masquerade 10.15.20.2, fd00:15:20::2 of container c1 eth0 again\n',
      );
      expect(check(conf, prevResult)).toEqual(well);
      expect(now().length).toBe(before.length);
    }
    host.sh(`nft flush table ${table}`);
    add(host, bridge, { conf, ...second });
    expect(check(conf, prevResult)).toEqual(well);
    host.sh('ip addr del 192.0.2.10/24 dev up0');
    expect(failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
      code: 999,
      msg: 'not as it was set up: outbound address 192.0.2.10',
    });
  });

  test('an outbound address that the host does not have: nothing is touched, and STATUS says so', () => {
    const elsewhere = { ...conf, outboundAddresses: ['192.0.2.10', '2001:db8::99'] };
    const before = host.snapshot('c1');
    const refusal = {
      code: 7,
      msg: 'invalid configuration: outboundAddresses[1]: must be an address of this host, not "2001:db8::99"',
    };
    expect(failure(host, bridge, 'ADD', { conf: elsewhere })).toMatchObject(refusal);
    expect(failure(host, bridge, 'STATUS', { conf: elsewhere })).toMatchObject(refusal);
    expect(host.snapshot('c1')).toBe(before);
    expect(call(host, bridge, 'STATUS', { conf })).toEqual(well);
  });

  test('an ADD that fails afterwards leaves none of it', () => {
    host.sh(
      'mount -t tmpfs none /proc/sys/net/ipv6/conf/all && touch /proc/sys/net/ipv6/conf/all/forwarding && mount -o remount,ro /proc/sys/net/ipv6/conf/all',
    );
    failure(host, bridge, 'ADD', { conf });
    expect(host.sh('nft list ruleset')).toBe('');
  });
});
