import { add, call, del, executables } from '../support/cni.ts';
import { networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

const conf = networkConf('lab1', '10.15.20.0/24', { isolate: 'strict', ipMasq: false });
const second = { containerID: 'c2', netns: '/run/netns/c2' };
const silent = { status: 0, stdout: '', stderr: '' };

describe.each(executables)('isolation by %s', (name, bridge) => {
  const host = useHost('c1', 'c2', 'c3', 'c4');
  const table = (): string => host.sh('nft list table inet cni-isolate 2>/dev/null || true');

  test.each(['nft flush ruleset', 'nft flush table inet cni-isolate'])(
    'doctor finds what is lost after %s, and restore gives it back',
    (command) => {
      writeConf(host, conf);
      const prevResult = add(host, bridge, { conf });
      add(host, bridge, { conf, ...second });
      expect(run(host, bridge, 'doctor')).toMatchObject({ status: 0 });
      const whole = host.snapshot('c1', 'c2');
      host.sh(command);
      const { status, stdout } = run(host, bridge, 'doctor');
      expect(status).toBe(1);
      expect(stdout).toContain('2 containers of lab1 no longer isolated');
      expect(run(host, bridge, 'restore')).toEqual({
        status: 0,
        stdout: 'isolate container c1 eth0 again\nisolate container c2 eth0 again\n',
        stderr: '',
      });
      expect(host.snapshot('c1', 'c2')).toBe(whole);
      expect(run(host, bridge, 'restore')).toEqual(silent);
      expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({ status: 0 });
      host.sh(command);
      expect(run(host, bridge, 'doctor', '--fix')).toMatchObject({ status: 0 });
      expect(host.snapshot('c1', 'c2')).toBe(whole);
    },
  );

  test('doctor --fix ends the part of a container that is dead', () => {
    writeConf(host, conf);
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    host.sh(`ip netns del c1; while [ $(ip -o link show master lab1 | wc -l) = 2 ]; do sleep 0.01; done`);
    expect(run(host, bridge, 'doctor', '--fix')).toMatchObject({ status: 0 });
    expect(table().match(/cni lab1 c\d/g)).toEqual(['cni lab1 c2']);
    del(host, bridge, { conf, ...second });
    expect(table()).toBe('');
  });

  test('first ADDs and last DELs of two networks at once: who is connected is isolated, and nothing is left', () => {
    for (const network of [1, 2]) {
      const one = {
        ...conf,
        name: `net${network}`,
        bridge: `br${network}`,
        isolate: network === 1 || 'strict',
      };
      const ipam = { type: 'host-local', subnet: `10.0.${network}.0/24` };
      host.run(['sh', '-c', `cat >/run/conf${network}`], { input: JSON.stringify({ ...one, ipam }) });
    }
    const rounds = name.includes('pkg') ? 6 : 80;
    host.sh(`
      call() {
        answer=$(env -i CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/ \\
          ${bridge} </run/conf$3 2>&1) && { [ $1 = ADD ] || [ -z "$answer" ]; } || echo "$1 $2: $answer" >>/run/failures
      }
      # What the table has to have, and has, in words that come in any order.
      has() {
        found=$(nft list table inet cni-isolate 2>/dev/null | grep -oE 'cni net[12] c[1-4]|chain (from|ports)-br[12]|: goto (from-br[12]|refused)' | sort | tr '\\n' ';')
        [ "$found" = "$2" ] || echo "$1: $found" >>/run/failures
      }
      one=': goto from-br1;: goto refused;chain from-br1;chain ports-br1;cni net1 c1;'
      for round in $(seq ${rounds}); do
        call ADD c2 1; call ADD c3 2; call ADD c4 2
        call ADD c1 1 & a=$!
        call DEL c2 1 & b=$!
        call DEL c3 2 & c=$!
        call DEL c4 2 & d=$!
        wait $a $b $c $d
        has "round $round, c1 alone" "$one"
        call DEL c1 1 & a=$!
        call ADD c3 2 & b=$!
        call ADD c4 2 & c=$!
        wait $a $b $c
        has "round $round, c3 and c4" ': goto from-br2;: goto refused;: goto refused;chain from-br2;chain ports-br2;cni net2 c3;cni net2 c4;'
        call DEL c3 2 & a=$!
        call DEL c4 2 & b=$!
        call DEL c1 1 & c=$!
        wait $a $b $c
        has "round $round, nobody" ''
      done`);
    expect(host.sh('cat /run/failures 2>/dev/null || true')).toBe('');
  }, 900_000);
});
