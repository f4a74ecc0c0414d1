import { spawnSync } from 'node:child_process';
import { articleAs } from '../support/article.ts';
import { executables } from '../support/cni.ts';

const ipam = {
  type: 'host-local',
  ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
};
const base = { ...articleAs('1.1.0'), ipam, isDefaultGateway: true };

/** Calls the plugin for the container c1, its output marked by the step's name; the last ADD's result is prevResult. */
const cni = (name: string, command: string, conf: object): string => `
  printf '\\n== ${name}\\n'
  printf '%s,"prevResult":%s}' '${JSON.stringify(conf).slice(0, -1)}' "$(cat /run/result)" |
    CNI_COMMAND=${command} CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/ "$BRIDGE" |
    tee /run/printed && echo done && [ ${command} = ADD ] && cp /run/printed /run/result`;
const step = (name: string, command: string): string => `printf '\\n== ${name}\\n'; ${command}`;
const forwarded = '{ iptables-legacy-save -t filter; ip6tables-legacy-save -t filter; } | grep -c cni-bridge';
const saved = 'iptables-legacy-save -t nat | grep CNI-; ip6tables-legacy-save -t nat | grep CNI-';

/** Each step's output, all run in one boot of the other kernel. */
function steps(bridge: string, ...scripts: string[]): Record<string, string> {
  const script = [
    'set -o pipefail; export BRIDGE="$0"; echo null >/run/result',
    'ip netns add c1',
    ...scripts,
  ].join('\n');
  const { stdout, stderr } = spawnSync('test/uml/run', ['bash', '-c', script, bridge], { encoding: 'utf8' });
  const parts = stdout.split(/^== (.*)\n/m).slice(1);
  if (parts.length === 0) throw new Error(`user-mode-linux printed nothing\n${stderr}`);
  return Object.fromEntries(
    Array.from({ length: parts.length / 2 }, (_, index) => [
      parts[2 * index] ?? '',
      (parts[2 * index + 1] ?? '').trim(),
    ]),
  );
}

test.each(executables)(
  'a kernel whose nftables has neither inet nor NAT, %s',
  (_name, bridge) => {
    const printed = steps(
      bridge,
      `ip netns add beyond && ip link add up0 type veth peer name eth0 netns beyond
       ip addr add 192.0.2.1/24 dev up0 && ip link set up0 up
       ip -n beyond addr add 192.0.2.2/24 dev eth0 && ip -n beyond link set eth0 up`,
      cni('nftables asked for', 'ADD', { ...base, ipMasqBackend: 'nftables' }),
      step('nothing left', `ls /sys/class/net | grep -c lab-br1; ip -n c1 -br link | grep -c eth0; ${saved}`),
      cni('STATUS', 'STATUS', base),
      cni('ADD', 'ADD', { ...base, macspoofchk: true }),
      step('rules', saved),
      // beyond has no route back to the container's subnet, so what it answers was masqueraded.
      step('reached', 'ip netns exec c1 ping -c 1 -W 10 192.0.2.2 >/dev/null && echo yes'),
      step('spoof check', 'nft list table bridge nat | grep -c macspoofchk-c1-eth0'),
      cni('CHECK', 'CHECK', { ...base, macspoofchk: true }),
      step('flush', 'ip6tables-legacy -t nat -F POSTROUTING'),
      cni('CHECK after flush', 'CHECK', { ...base, macspoofchk: true }),
      cni('DEL', 'DEL', base),
      step('after DEL', `${saved}; nft list ruleset`),
      cni('iptables asked for', 'ADD', { ...base, ipMasqBackend: 'iptables' }),
      step('the same rules', saved),
      cni('GC', 'GC', { ...base, 'cni.dev/valid-attachments': [] }),
      step('after GC', saved),
      cni('isolated', 'ADD', { ...base, isolate: true }),
      cni('STATUS of isolated', 'STATUS', { ...base, isolate: 'strict' }),
      step('nothing isolated', `ip -n c1 -br link | grep -c eth0; ${saved}`),
      step('a firewall', 'iptables-legacy -P FORWARD DROP; ip6tables-legacy -P FORWARD DROP'),
      cni('forward', 'ADD', { ...base, ipMasqBackend: 'iptables', forward: true }),
      step('forwarded', 'ip netns exec c1 ping -c 1 -W 10 192.0.2.2 >/dev/null && echo yes'),
      step('forward rules', forwarded),
      cni('CHECK of forward', 'CHECK', { ...base, ipMasqBackend: 'iptables', forward: true }),
      cni('DEL of forward', 'DEL', { ...base, forward: true }),
      step('no forward rules', forwarded),
    );
    expect(JSON.parse(printed['nftables asked for'] ?? '')).toMatchObject({
      code: 50,
      msg: 'masquerading by nftables is not available on this kernel',
      details: expect.stringMatching(/EOPNOTSUPP.*CONFIG_NF_TABLES_INET/),
    });
    expect(printed['nothing left']).toBe('0\n0');
    expect(printed.STATUS).toBe('done');
    expect(printed.ADD).toMatch(/done$/);
    expect(printed.rules?.match(/-j MASQUERADE$/gm)).toHaveLength(2);
    expect(printed.rules).toContain('-A POSTROUTING -s 10.15.20.');
    expect(printed.reached).toBe('yes');
    expect(printed['spoof check']).toBe('4');
    expect(printed.CHECK).toBe('done');
    expect(JSON.parse(printed['CHECK after flush'] ?? '')).toMatchObject({
      code: 999,
      msg: expect.stringMatching(/^not as it was set up: masquerading of /),
    });
    expect(printed.DEL).toBe('done');
    expect(printed['after DEL']).toBe('');
    expect(printed['the same rules']?.match(/-j MASQUERADE$/gm)).toHaveLength(2);
    expect(printed.GC).toBe('done');
    expect(printed['after GC']).toBe('');
    for (const refused of [printed.isolated, printed['STATUS of isolated']]) {
      expect(JSON.parse(refused ?? '')).toMatchObject({
        code: 50,
        msg: 'isolate is not available on this kernel',
        details: expect.stringContaining('CONFIG_NF_TABLES_INET'),
      });
    }
    expect(printed['nothing isolated']).toBe('0');
    expect(printed.forward).toMatch(/done$/);
    expect(printed.forwarded).toBe('yes');
    expect(printed['forward rules']).toBe('6');
    expect(printed['CHECK of forward']).toBe('done');
    expect(printed['DEL of forward']).toBe('done');
    expect(printed['no forward rules']).toBe('0');
  },
  300_000,
);
