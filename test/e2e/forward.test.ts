import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { docker28Rules, dockerRules, policyAlone, setFilter, type Variant } from '../support/docker-rules.ts';
import { networkConf, run, writeConf } from '../support/doctor.ts';
import type { Host } from '../support/host.ts';
import { removeIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const both = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]];
const plain = {
  ...articleAs('1.1.0'),
  isDefaultGateway: true,
  ipam: { type: 'host-local', ranges: both },
};
const conf = { ...plain, forward: true };
const second = { containerID: 'c2', netns: '/run/netns/c2' };
const outside = ['192.0.2.2', '2001:db8::2'];

/** Waits until no address is tentative: before that its neighbours get no answer. */
const settle = (host: Host, netns: string): string =>
  host.sh(`while ip -6 addr show tentative | grep -q inet6 || ip -n ${netns} -6 addr show tentative | grep -q inet6
    do sleep 0.01; done`);

/** Whether a ping of each address is answered within so many seconds: a neighbour's first may take two. */
function reaches(host: Host, from: string, addresses: readonly string[], seconds = 10): boolean[] {
  settle(host, from);
  return addresses.map(
    (to) => host.run(['ip', 'netns', 'exec', from, 'ping', '-c1', `-W${seconds}`, to]).status === 0,
  );
}

/** A neighbour outside, and forwarding turned on, which stays so after an ADD. */
function prepare(host: Host): void {
  host.makeNeighbour();
  host.sh(`echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    ip -n beyond route add 10.15.20.0/24 via 192.0.2.1; ip -n beyond route add fd00:15:20::/64 via 2001:db8::1`);
  settle(host, 'beyond');
}

const chains: [string, string, string][] = [
  ['Docker', dockerRules, 'DOCKER-USER'],
  ['Docker 28', docker28Rules, 'DOCKER-USER'],
  ['a policy alone', policyAlone, 'FORWARD'],
];
const variants: Variant[] = ['nft', 'legacy'];
const cases = variants.flatMap((variant) =>
  chains.map(([what, rules, chain]) => ({ variant, what, rules, chain })),
);

/** The rules in `chain` as iptables-save prints them. */
const expected = (chain: string, link = 'lab-br1'): string[] => {
  const comment = '-m comment --comment "cni-bridge forward lab-br1';
  const conntrack = '-m conntrack --ctstate';
  return [
    `-A ${chain} -i ${link} ${comment}" -j ACCEPT`,
    `-A ${chain} -o ${link} ${conntrack} RELATED,ESTABLISHED ${comment}" -j ACCEPT`,
    `-A ${chain} -o ${link} ${conntrack} DNAT ${comment} ports" -j ACCEPT`,
  ];
};

describe.each(executables)('forward, by %s', (name, bridge) => {
  const host = useHost('c1', 'c2');
  const ours = (variant: Variant): string[][] =>
    ['iptables', 'ip6tables'].map((program) =>
      host
        .sh(`${program}-${variant}-save -t filter`)
        .split('\n')
        .filter((line) => line.includes('cni-bridge')),
    );

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
  });

  test.each(variants)('goes with an ADD that fails last, by iptables-%s', (variant) => {
    setFilter(host, variant, dockerRules);
    host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    const before = host.snapshot('c1', 'c2');
    const under = ['sh', '-c', 'exec "$0" >/dev/full'];
    expect(call(host, bridge, 'ADD', { conf, under }).status).toBe(1);
    expect(host.snapshot('c1', 'c2')).toBe(before);
    add(host, bridge, { conf, ...second });
    const other = host.snapshot('c1', 'c2');
    expect(call(host, bridge, 'ADD', { conf, under }).status).toBe(1);
    expect(host.snapshot('c1', 'c2')).toBe(other);
  });

  test.each(variants)(
    'goes with a DEL without namespace, and with a GC that keeps nobody, by iptables-%s',
    (variant) => {
      setFilter(host, variant, dockerRules);
      add(host, bridge, { conf });
      add(host, bridge, { conf, ...second });
      host.sh('ip netns del c1');
      del(host, bridge, { conf });
      expect(ours(variant)[0]).toEqual(expected('DOCKER-USER'));
      const gc = (valid: object[]) =>
        call(host, bridge, 'GC', { conf: { ...plain, 'cni.dev/valid-attachments': valid } });
      expect(gc([{ containerID: 'c2', ifname: 'eth0' }])).toMatchObject({ status: 0, stdout: '' });
      expect(ours(variant)[0]).toEqual(expected('DOCKER-USER'));
      expect(gc([])).toMatchObject({ status: 0, stdout: '' });
      expect(ours(variant)).toEqual([[], []]);
    },
  );

  test('a DEL that ignores a bad value removes the rules', () => {
    setFilter(host, 'nft', dockerRules);
    add(host, bridge, { conf });
    expect(call(host, bridge, 'DEL', { conf: { ...conf, forward: 'yes' } })).toMatchObject({ status: 0 });
    expect(ours('nft')).toEqual([[], []]);
  });

  test.each(variants)('CHECK, doctor and restore find rules that are lost, by iptables-%s', (variant) => {
    const lab = networkConf('lab-br1', '10.15.20.0/24', { forward: true, ipMasq: false });
    writeConf(host, lab);
    const prevResult = add(host, bridge, { conf: lab });
    const checked = { conf: { ...lab, prevResult } };
    expect(run(host, bridge, 'doctor')).toMatchObject({ status: 0 });
    // Docker is started after the container.
    setFilter(host, variant, dockerRules);
    expect(failure(host, bridge, 'CHECK', checked)).toMatchObject({ code: 999 });
    expect(failure(host, bridge, 'CHECK', checked).details).toContain(
      variant === 'nft' ? 'chain ip filter DOCKER-USER' : 'chain iptables-legacy filter FORWARD',
    );
    const { stdout } = run(host, bridge, 'doctor');
    expect(stdout.match(/a firewall drops what lab-br1 forwards/g)).toHaveLength(1);
    expect(run(host, bridge, 'restore')).toEqual({
      status: 0,
      stdout: 'accept what lab-br1 forwards again\n',
      stderr: '',
    });
    expect(ours(variant)).toEqual([expected('DOCKER-USER'), []]);
    expect(call(host, bridge, 'CHECK', checked)).toMatchObject({ status: 0 });
    expect(run(host, bridge, 'restore')).toEqual({ status: 0, stdout: '', stderr: '' });
    host.sh(`iptables-${variant} -F DOCKER-USER`);
    expect(run(host, bridge, 'doctor', '--fix')).toMatchObject({ status: 0 });
    expect(ours(variant)).toEqual([expected('DOCKER-USER'), []]);
    del(host, bridge, { conf: lab });
    expect(ours(variant)).toEqual([[], []]);
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

  test.each(variants)(
    'first ADDs and last DELs at once: who is connected has its rules, and nothing is left, by iptables-%s',
    (variant) => {
      setFilter(host, variant, dockerRules);
      host.run(['sh', '-c', 'cat >/run/conf'], { input: JSON.stringify(conf) });
      const rounds = name.includes('pkg') ? 5 : variant === 'nft' ? 60 : 15;
      const count = `{ iptables-${variant}-save; ip6tables-${variant}-save; } | grep -c cni-bridge || true`;
      host.sh(`
        call() {
          answer=$(env -i CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/ \\
            ${bridge} </run/conf 2>&1) && { [ $1 = ADD ] || [ -z "$answer" ]; } || echo "$1 $2: $answer" >>/run/failures
        }
        for round in $(seq ${rounds}); do
          call ADD c1
          call DEL c1 & first=$!
          call ADD c2 & second=$!
          wait $first $second
          rules=$(${count})
          # On legacy iptables two ADDs at once may both add the rules.
          [ "$rules" -ge 6 ] || echo "round $round: c2 is connected, $rules rules" >>/run/failures
          call DEL c2 & first=$!
          call DEL c1 & second=$!
          wait $first $second
          rules=$(${count})
          [ "$rules" = 0 ] || echo "round $round: nobody is connected, $rules rules" >>/run/failures
          call ADD c1 & first=$!
          call ADD c2 & second=$!
          wait $first $second
          rules=$(${count})
          [ "$rules" = 6 ] || [ ${variant} = legacy ] || echo "round $round: both are connected, $rules rules" >>/run/failures
          call DEL c2 & first=$!
          call DEL c1 & second=$!
          wait $first $second
          rules=$(${count})
          [ "$rules" = 0 ] || echo "round $round: both are gone, $rules rules" >>/run/failures
        done`);
      expect(host.sh('cat /run/failures 2>/dev/null || true')).toBe('');
    },
    900_000,
  );
});
