import { add, call, del, executables, failure } from '../support/cni.ts';
import { dockerRules, setFilter, type Variant } from '../support/docker-rules.ts';
import { networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';
import { conf, expected, oursOn, plain, second, variants } from './support/forward.ts';

describe.each(executables)('the rules of forward, by %s', (name, bridge) => {
  const host = useHost('c1', 'c2');
  const ours = (variant: Variant): string[][] => oursOn(host, variant);

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

  test('are there once where two base chains lead to DOCKER-USER, and a DEL removes them', () => {
    host.sh('echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    setFilter(host, 'nft', dockerRules);
    const base = (chain: string, priority: number): string =>
      `chain ${chain} { type filter hook forward priority ${priority}; policy drop; jump DOCKER-USER; };`;
    host.sh(`nft 'table ip filter { ${base('late', 10)} }'`);
    host.sh(`nft 'table inet fw { chain DOCKER-USER { }; ${base('early', -5)} ${base('late', 5)} }'`);
    const before = host.snapshot('c1', 'c2');
    const fleeting = { ...conf, removeUnused: true };
    add(host, bridge, { conf: fleeting });
    for (const table of ['ip filter', 'inet fw']) {
      const listed = host.sh(`nft list chain ${table} DOCKER-USER`);
      expect(listed.match(/lab-br1".* accept/g)).toHaveLength(3);
    }
    del(host, bridge, { conf: fleeting });
    expect(host.snapshot('c1', 'c2')).toBe(before);
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
