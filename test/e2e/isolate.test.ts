import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';
import { prepare, reaches, settle } from './support/reach.ts';

type Isolate = boolean | 'strict';

/** Network `n`, whose only container `c<n>` has 10.0.n.2 and fd00:n::2. */
const net = (n: number, isolate: Isolate, more: object = {}) => ({
  ...articleAs('1.1.0'),
  name: `net${n}`,
  bridge: `br${n}`,
  isDefaultGateway: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: `10.0.${n}.0/24` }], [{ subnet: `fd00:${n}::/64` }]] },
  isolate,
  ...more,
});
const of = (n: number, isolate: Isolate, more: object = {}) => ({
  conf: net(n, isolate, more),
  containerID: `c${n}`,
  netns: `/run/netns/c${n}`,
});
const inside = (n: number): string[] => [`10.0.${n}.2`, `fd00:${n}::2`];
const gateway = (n: number): string[] => [`10.0.${n}.1`, `fd00:${n}::1`];
const yes = [true, true];
const no = [false, false];
const outside = ['192.0.2.2', '2001:db8::2'];

describe.each(executables)('isolate, by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'c3', 'c4', 'c5');
  const table = (): string => host.sh('nft list table inet cni-isolate 2>/dev/null || true');
  const reach = (from: number, to: readonly string[], expected: readonly boolean[]): void => {
    const answers = reaches(host, `c${from}`, to, expected[0] === true ? 10 : 1);
    expect([from, to, answers]).toEqual([from, to, expected]);
  };
  /** c5 on a bridge that is no network of ours. */
  const makeForeign = (): string =>
    host.sh(`ip link add docker0 type bridge && ip link set docker0 up
      ip addr add 10.0.5.1/24 dev docker0 && ip addr add fd00:5::1/64 dev docker0 nodad
      ip link add v5 type veth peer name eth0 netns c5 && ip link set v5 master docker0 up
      ip -n c5 addr add 10.0.5.2/24 dev eth0 && ip -n c5 addr add fd00:5::2/64 dev eth0 nodad
      ip -n c5 link set eth0 up && ip -n c5 route add default via 10.0.5.1 && ip -n c5 route add default via fd00:5::1`);

  test('isolated networks do not reach each other, strict ones no bridge; host and outside are reached', () => {
    prepare(host);
    makeForeign();
    for (const [n, isolate] of [
      [1, true],
      [2, true],
      [3, 'strict'],
      [4, false],
    ] as const) {
      add(host, bridge, of(n, isolate));
    }
    for (const n of [1, 2, 3, 4, 5]) settle(host, `c${n}`);
    for (const n of [1, 2, 3, 4]) {
      reach(n, outside, yes);
      // The host's addresses, that of another network's gateway included.
      reach(n, ['192.0.2.1', '2001:db8::1', ...gateway(n), ...gateway(1)], [...yes, ...yes, ...yes]);
    }
    reach(1, inside(2), no);
    reach(2, inside(1), no);
    reach(1, inside(3), no);
    reach(3, inside(1), no);
    for (const n of [4, 5]) {
      reach(1, inside(n), yes);
      reach(n, inside(1), yes);
      reach(3, inside(n), no);
      reach(n, inside(3), no);
    }
    // Without it they do.
    del(host, bridge, of(2, true));
    add(host, bridge, of(2, false));
    reach(1, ['10.0.2.3', 'fd00:2::3'], yes);
  });

  test("containers of one bridge reach each other, bridge-nf-call-iptables or not, under another network's name too", () => {
    host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1');
    add(host, bridge, of(1, 'strict'));
    add(host, bridge, { ...of(1, 'strict'), containerID: 'c2', netns: '/run/netns/c2' });
    settle(host, 'c2');
    reach(1, ['10.0.1.3', 'fd00:1::3'], yes);
    host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0');
    reach(2, inside(1), yes);
  });

  test("a port that is published for another network's container is closed from inside, and open from outside", () => {
    prepare(host);
    makeForeign();
    add(host, bridge, of(1, true));
    add(host, bridge, of(2, true));
    host.serve('c2');
    host.sh(`nft 'add table inet publish
      add chain inet publish in { type nat hook prerouting priority dstnat; }
      add rule inet publish in ip daddr 192.0.2.1 tcp dport 8080 dnat ip to 10.0.2.2:80
      add rule inet publish in ip6 daddr 2001:db8::1 tcp dport 8080 dnat ip6 to [fd00:2::2]:80'`);
    const fetch = (from: string, seconds: number): string[] => {
      settle(host, from);
      return ['192.0.2.1', '[2001:db8::1]'].map((to) =>
        host.sh(`ip netns exec ${from} curl -gs --max-time ${seconds} http://${to}:8080/ || true`),
      );
    };
    settle(host, 'c2');
    expect(fetch('c1', 1)).toEqual(['', '']);
    expect(fetch('beyond', 10)).toEqual(['seen from 192.0.2.2', 'seen from 2001:db8::2']);
    expect(fetch('c5', 10)).toEqual(['seen from 10.0.5.2', 'seen from fd00:5::2']);
  });

  test('the table goes with the last container, and can be saved and loaded', () => {
    host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    const before = host.snapshot('c1', 'c2');
    const options = { removeUnused: true, ipMasq: false };
    add(host, bridge, of(1, true, options));
    const one = host.snapshot('c1', 'c2');
    add(host, bridge, of(2, 'strict', options));
    const saved = table();
    host.run(['nft', '-f', '-'], { input: `delete table inet cni-isolate\n${saved}` });
    expect(table()).toBe(saved);
    del(host, bridge, of(2, 'strict', options));
    expect(host.snapshot('c1', 'c2')).toBe(one);
    del(host, bridge, of(1, true, options));
    expect(table()).toBe('');
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('a bridge that two networks share is isolated until both are gone, the stricter of them counting', () => {
    const name = 'abcdefghijklmno';
    const first = of(1, true, { bridge: name, ipMasq: false });
    const other = of(2, 'strict', { bridge: name, ipMasq: false, isDefaultGateway: false, isGateway: false });
    add(host, bridge, first);
    add(host, bridge, other);
    expect(table()).toContain(`oifname "${name}" return`);
    expect(table()).toContain('meta oifkind "bridge" drop');
    del(host, bridge, other);
    const left = table();
    expect(left).toContain(`"${name}" : goto from-${name}`);
    expect(left).toContain('cni net1 c1 eth0');
    expect(left).not.toContain('cni net2');
    del(host, bridge, first);
    expect(table()).toBe('');
  });

  test('a host veth of another name, which the DEL may not know', () => {
    add(host, bridge, of(1, true, { hostInterfaceName: 'mine0' }));
    expect(table()).toContain('"mine0" comment "cni net1 c1 eth0"');
    del(host, bridge, of(1, true));
    expect(table()).toBe('');
  });

  test.each(['yes', 5])('a DEL that ignores the bad value %s removes it', (isolate) => {
    add(host, bridge, of(1, true));
    expect(call(host, bridge, 'DEL', { ...of(1, true), conf: { ...net(1, true), isolate } }).status).toBe(0);
    expect(table()).toBe('');
  });

  test('an ADD that fails last leaves it as it was', () => {
    host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    const under = ['sh', '-c', 'exec "$0" >/dev/full'];
    const empty = host.snapshot('c1', 'c2');
    expect(call(host, bridge, 'ADD', { ...of(1, 'strict'), under }).status).toBe(1);
    expect(host.snapshot('c1', 'c2')).toBe(empty);
    add(host, bridge, of(2, true));
    const other = host.snapshot('c1', 'c2');
    expect(call(host, bridge, 'ADD', { ...of(1, 'strict'), under }).status).toBe(1);
    expect(host.snapshot('c1', 'c2')).toBe(other);
  });

  test('a GC removes what belongs to nobody it keeps, of its own network', () => {
    add(host, bridge, of(1, true));
    add(host, bridge, { ...of(1, true), containerID: 'x', netns: '/run/netns/c2' });
    add(host, bridge, of(3, 'strict'));
    const gc = (valid: object[]) =>
      call(host, bridge, 'GC', { conf: { ...net(1, false), 'cni.dev/valid-attachments': valid } });
    expect(gc([{ containerID: 'x', ifname: 'eth0' }])).toMatchObject({ status: 0, stdout: '' });
    expect(
      table()
        .match(/cni net\d \w+/g)
        ?.sort(),
    ).toEqual(['cni net1 x', 'cni net3 c3']);
    expect(table()).toContain('from-br1');
    expect(gc([])).toMatchObject({ status: 0, stdout: '' });
    expect(table().match(/cni net\d \w+/g)).toEqual(['cni net3 c3']);
    expect(table()).not.toContain('br1');
  });

  test('an ADD puts back the rules of a table that was flushed, for all', () => {
    add(host, bridge, of(1, true));
    add(host, bridge, of(3, 'strict'));
    const whole = table();
    host.sh('nft flush table inet cni-isolate');
    add(host, bridge, of(2, true));
    del(host, bridge, of(2, true));
    expect(table()).toBe(whole);
  });

  test.each([
    ['nft flush ruleset', 'found no such table'],
    ['nft flush table inet cni-isolate', 'found only part of it'],
    ['nft delete element inet cni-isolate isolated "{ br1 }"', 'found only part of it'],
    ['nft flush map inet cni-isolate ports', 'found only part of it'],
    ['nft flush chain inet cni-isolate from-br1', 'found only part of it'],
  ])('CHECK finds %s', (command, words) => {
    const prevResult = add(host, bridge, of(1, true));
    const checked = { ...of(1, true), conf: { ...net(1, true), ipMasq: false, prevResult } };
    expect(call(host, bridge, 'CHECK', checked)).toMatchObject({ status: 0, stdout: '' });
    host.sh(command);
    const error = failure(host, bridge, 'CHECK', checked);
    expect(error).toMatchObject({ code: 999 });
    expect(error.msg).toContain('isolate of network net1');
    expect(error.details).toContain(words);
    // Where it was not asked for, it is not missed.
    const unasked = { ...checked, conf: { ...checked.conf, isolate: false } };
    expect(call(host, bridge, 'CHECK', unasked).status).toBe(0);
  });
});
