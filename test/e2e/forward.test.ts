import { add, call, del, executables, failure } from '../support/cni.ts';
import { docker28Rules, dockerRules, policyAlone, setFilter, type Variant } from '../support/docker-rules.ts';
import { removeIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';
import { conf, expected, oursOn, plain, second, variants } from './support/forward.ts';
import { prepare, reaches, settle } from './support/reach.ts';

const outside = ['192.0.2.2', '2001:db8::2'];

const chains: [string, string, string][] = [
  ['Docker', dockerRules, 'DOCKER-USER'],
  ['Docker 28', docker28Rules, 'DOCKER-USER'],
  ['a policy alone', policyAlone, 'FORWARD'],
];
const cases = variants.flatMap((variant) =>
  chains.map(([what, rules, chain]) => ({ variant, what, rules, chain })),
);

describe.each(executables)('forward, by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const ours = (variant: Variant): string[][] => oursOn(host, variant);

  test.each(cases)(
    'lets containers out where $what drops, by iptables-$variant, and nobody in',
    ({ variant, rules, chain }) => {
      prepare(host);
      setFilter(host, variant, rules);
      const before = host.snapshot('c1', 'c2');
      add(host, bridge, { conf: plain });
      expect(reaches(host, 'c1', outside, 1)).toEqual([false, false]);
      del(host, bridge, { conf: plain });

      const prevResult = add(host, bridge, { conf });
      expect(ours(variant)).toEqual([expected(chain), expected(chain)]);
      expect(reaches(host, 'c1', outside)).toEqual([true, true]);
      const inside = prevResult.ips.map(({ address }) => address.replace(/\/.*/, ''));
      expect(reaches(host, 'beyond', inside, 1)).toEqual([false, false]);
      expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({ status: 0 });

      add(host, bridge, { conf, ...second });
      expect(ours(variant)).toEqual([expected(chain), expected(chain)]);
      del(host, bridge, { conf });
      expect(reaches(host, 'c2', outside)).toEqual([true, true]);
      del(host, bridge, { conf, ...second });
      host.sh('ip link del lab-br1');
      expect(host.snapshot('c1', 'c2')).toBe(before);
    },
  );

  test.each(variants)('its rules are such as iptables-%s would make', (variant) => {
    setFilter(host, variant, dockerRules);
    add(host, bridge, { conf });
    const save = `iptables-${variant}-save -t filter | grep -v '^#' | sed 's/\\[.*//'`;
    const saved = host.sh(save);
    host.sh(`iptables-${variant}-save | iptables-${variant}-restore`);
    expect(host.sh(save)).toBe(saved);
    expect(host.sh(`iptables-${variant} -S DOCKER-USER`)).toContain(expected('DOCKER-USER').join('\n'));
    for (const line of expected('DOCKER-USER')) {
      host.sh(
        `iptables-${variant} ${line.replace('-A', '-C')} && iptables-${variant} ${line.replace('-A', '-D')}`,
      );
    }
    expect(ours(variant)[0]).toEqual([]);
  });

  test("a person's own rules in Docker's chain come first, and stay", () => {
    prepare(host);
    setFilter(host, 'nft', dockerRules);
    host.sh('iptables -I DOCKER-USER -d 192.0.2.2 -j DROP');
    add(host, bridge, { conf });
    expect(reaches(host, 'c1', outside)).toEqual([false, true]);
    del(host, bridge, { conf });
    expect(host.sh('iptables -S DOCKER-USER')).toContain('-d 192.0.2.2/32 -j DROP');
  });

  test('a port that is published for a container is open', () => {
    prepare(host);
    setFilter(host, 'nft', dockerRules);
    const { ips } = add(host, bridge, { conf });
    host.serve('c1');
    const [four = '', six = ''] = ips.map(({ address }) => address.replace(/\/.*/, ''));
    host.sh(`nft 'add table inet ports
      add chain inet ports in { type nat hook prerouting priority dstnat; }
      add rule inet ports in ip daddr 192.0.2.1 tcp dport 8080 dnat ip to ${four}:80
      add rule inet ports in ip6 daddr 2001:db8::1 tcp dport 8080 dnat ip6 to [${six}]:80'`);
    settle(host, 'c1');
    const fetch = (url: string, seconds = 10): string =>
      host.sh(`ip netns exec beyond curl -gs --max-time ${seconds} ${url} || true`);
    expect(fetch('http://192.0.2.1:8080/')).toBe('seen from 192.0.2.2');
    expect(fetch('http://[2001:db8::1]:8080/')).toBe('seen from 2001:db8::2');
    expect(fetch(`http://${four}/`, 1)).toBe('');
  });

  test.each([
    [
      "a person's table",
      'table inet mine { chain out { type filter hook forward priority 5; policy drop; ip daddr 192.0.2.9 drop; }; }',
      'inet mine out',
      1,
    ],
    [
      "firewalld's chains",
      `table inet firewalld {
        chain others { reject with icmpx admin-prohibited; };
        chain zones { iifname "up9" accept; goto others; };
        chain filter_FORWARD { type filter hook forward priority 10; ct state invalid drop; jump zones; }; }`,
      'inet firewalld filter_FORWARD',
      1,
    ],
  ])('%s gets rules before what drops', (_whose, rules, chain, position) => {
    prepare(host);
    host.run(['nft', '-f', '-'], { input: rules });
    const before = host.sh('nft list ruleset');
    add(host, bridge, { conf: { ...conf, ipMasq: false } });
    const listed = host
      .sh(`nft list chain ${chain}`)
      .split('\n')
      .map((line) => line.trim());
    const first = listed.indexOf('iifname "lab-br1" accept comment "cni-bridge forward lab-br1"');
    expect(listed.slice(first, first + 3)).toEqual([
      'iifname "lab-br1" accept comment "cni-bridge forward lab-br1"',
      'oifname "lab-br1" ct state established,related accept comment "cni-bridge forward lab-br1"',
      'oifname "lab-br1" ct status dnat accept comment "cni-bridge forward lab-br1 ports"',
    ]);
    // After the table's, chain's and hook's lines, and the rules with a condition.
    expect(first).toBe(3 + position);
    expect(reaches(host, 'c1', outside)).toEqual([true, true]);
    del(host, bridge, { conf });
    expect(host.sh('nft list ruleset')).toBe(before);
  });

  test('nothing is done where nothing drops', () => {
    host.sh('iptables -A FORWARD -j ACCEPT; iptables -P FORWARD DROP');
    const rules = (): string => host.sh('nft list ruleset').replaceAll(/\d+(?= comment)/g, '');
    add(host, bridge, { conf: plain });
    const before = rules();
    del(host, bridge, { conf: plain });
    add(host, bridge, { conf });
    expect(rules()).toBe(before);
  });

  test("a table that is another program's alone is refused, with code 50", () => {
    // The table goes with the process that made it, which ends with its input.
    host.sh(`mkfifo /run/rules; nft -i </run/rules >/dev/null 2>&1 &
      sleep 600 >/run/rules 2>/dev/null & echo $! >/run/holder
      echo 'add table inet firewalld { flags owner; }' >/run/rules
      echo 'add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; policy drop; }' >/run/rules
      while ! nft list chain inet firewalld filter_FORWARD >/dev/null 2>&1; do sleep 0.01; done`);
    try {
      host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
      const before = host.snapshot('c1');
      for (const command of ['ADD', 'STATUS']) {
        const error = failure(host, bridge, command, { conf });
        expect(error).toMatchObject({
          code: 50,
          msg: 'forward: nobody but the program that made it may change chain inet firewalld filter_FORWARD, which drops what lab-br1 forwards',
        });
        expect(error.details).toContain('--add-interface=lab-br1');
      }
      expect(host.snapshot('c1')).toBe(before);
    } finally {
      host.sh('kill $(cat /run/holder)');
    }
  });

  test('legacy iptables without its programs is refused, with code 50', () => {
    setFilter(host, 'legacy', policyAlone);
    removeIptables(host);
    for (const command of ['ADD', 'STATUS']) {
      expect(failure(host, bridge, command, { conf })).toMatchObject({
        code: 50,
        msg: 'iptables-legacy-save was not found',
      });
    }
    expect(host.sh('ip -o link show type veth; ip -o link show type bridge')).toBe('');
    // Who has none of it need not miss them.
    expect(call(host, bridge, 'DEL', { conf })).toEqual({ status: 0, stdout: '', stderr: '' });
    const gc = { ...plain, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: gc })).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('with bridge-nf-call-iptables containers of one bridge reach each other', () => {
    host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1');
    setFilter(host, 'nft', policyAlone);
    const inside = ['10.15.20.3', 'fd00:15:20::3'];
    add(host, bridge, { conf: plain });
    add(host, bridge, { conf: plain, ...second });
    expect(reaches(host, 'c1', inside, 1)).toEqual([false, false]);
    del(host, bridge, { conf: plain });
    const { ips } = add(host, bridge, { conf });
    expect(ips[0]?.address).toBe('10.15.20.4/24');
    expect(reaches(host, 'c1', inside)).toEqual([true, true]);
  });

  test('a bridge name of 15 bytes, at layer 2', () => {
    setFilter(host, 'nft', policyAlone);
    const link = 'abcdefghijklmno';
    const layer2 = {
      ...conf,
      bridge: link,
      ipam: {},
      isDefaultGateway: false,
      isGateway: false,
      ipMasq: false,
    };
    const prevResult = add(host, bridge, { conf: layer2 });
    expect(ours('nft')).toEqual([expected('FORWARD', link), expected('FORWARD', link)]);
    expect(call(host, bridge, 'CHECK', { conf: { ...layer2, prevResult } })).toMatchObject({ status: 0 });
    del(host, bridge, { conf: layer2 });
    expect(ours('nft')).toEqual([[], []]);
  });
});
