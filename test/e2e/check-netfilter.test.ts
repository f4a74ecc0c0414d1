import { article } from '../support/article.ts';
import { add, call, del, executables, failure, reference } from '../support/cni.ts';
import { useLegacyIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const base = {
  ...article,
  cniVersion: '1.1.0',
  macspoofchk: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]] },
};
const well = { status: 0, stdout: '', stderr: '' };
const table = 'inet cni-bridge-lab-br1';
const element = 'comment "cni lab-br1 c1 eth0" : goto';
const chain = 'CNI-[0-9a-f]{24}';

/** What somebody does to the rules, what CHECK says is not as it was set up, and what it expected and found. */
type Change = [command: string, what: string, difference: RegExp | string];

const spoofChecks: Change[] = [
  ['nft flush ruleset', 'macspoofchk of container c1 interface eth0', 'with their rules, found none'],
  ['nft delete table bridge nat', 'macspoofchk of container c1 interface eth0', 'found none'],
  ...['PREROUTING', 'cni-br-iface-c1-eth0', 'cni-br-iface-c1-eth0-mac'].map(
    (name): Change => [
      `nft flush chain bridge nat ${name}`,
      'macspoofchk of container c1 interface eth0',
      'expected chains bridge nat cni-br-iface-c1-eth0 and cni-br-iface-c1-eth0-mac with their rules, found only part of them',
    ],
  ),
];

const byNftables: Change[] = [
  [
    `nft delete table ${table}`,
    'masquerading of 10.15.20.2',
    `expected chain ${table} postrouting with 2 rules, found none`,
  ],
  [`nft flush table ${table}`, 'masquerading of 10.15.20.2', 'found fewer'],
  [
    `nft delete element ${table} sources4 '{ 10.15.20.2 }'`,
    'masquerading of 10.15.20.2',
    `expected 10.15.20.2 ${element} masquerade-10.15.20.0/24 in map ${table} sources4, found none`,
  ],
  [
    `nft delete element ${table} sources6 '{ fd00:15:20::2 }'`,
    'masquerading of fd00:15:20::2',
    `expected fd00:15:20::2 ${element} masquerade-fd00_15_20__/64 in map ${table} sources6, found none`,
  ],
  [
    `nft "delete element ${table} sources4 { 10.15.20.2 };
      add element ${table} sources4 { 10.15.20.2 comment \\"cni lab-br1 c9 eth0\\" : goto masquerade-10.15.20.0/24 }"`,
    'masquerading of 10.15.20.2',
    'found 10.15.20.2 comment "cni lab-br1 c9 eth0" : goto masquerade-10.15.20.0/24',
  ],
  [
    `nft flush chain ${table} masquerade-10.15.20.0/24`,
    'masquerading of 10.15.20.2',
    `expected chain ${table} masquerade-10.15.20.0/24 with 3 rules, found fewer`,
  ],
];

const byIptables: Change[] = ['iptables', 'ip6tables'].flatMap((program, index): Change[] => {
  const what = `masquerading of ${index === 0 ? '10.15.20.2' : 'fd00:15:20::2'}`;
  const found = new RegExp(
    `^expected a jump from iptables' POSTROUTING to chain ${chain} with its rules, found none`,
  );
  return [
    [`${program} -t nat -F`, what, found],
    [`${program} -t nat -F POSTROUTING`, what, found],
    [`${program} -t nat -F $(${program}-save -t nat | grep -oE '${chain}' | head -n 1)`, what, found],
  ];
});

describe.each(executables)('CHECK of netfilter by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const second = { containerID: 'c2', netns: '/run/netns/c2' };

  /** That CHECK is content after an ADD, finds the change, and is content again after a DEL and an ADD. */
  function expectFound(conf: object, [command, what, difference]: Change): void {
    const check = (prevResult: unknown) => call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } });
    const prevResult = add(host, bridge, { conf });
    expect(check(prevResult)).toEqual(well);
    host.sh(command);
    const rules = host.sh('nft list ruleset');
    const error = failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } });
    expect(error).toMatchObject({ code: 999, msg: `not as it was set up: ${what}` });
    expect(error.details).toMatch(difference);
    expect(error.details).toMatch(/; a DEL and an ADD set it up again$/);
    expect(host.sh('nft list ruleset')).toBe(rules);
    del(host, bridge, { conf });
    expect(check(add(host, bridge, { conf }))).toEqual(well);
  }

  test.each(spoofChecks)('spoof checks: %s', (...change) => expectFound(base, change));

  test.each(byNftables)('nftables: %s', (...change) => expectFound(base, change));

  test.each(byIptables)('iptables-nft: %s', (...change) =>
    expectFound({ ...base, ipMasqBackend: 'iptables' }, change),
  );

  test.each(byIptables)('iptables-legacy: %s', (...change) => {
    useLegacyIptables(host);
    expectFound({ ...base, ipMasqBackend: 'iptables' }, change);
  });

  test('what another container has lost, or the options did not ask for, is not missed', () => {
    const conf = { ...base, ipam: { type: 'host-local', subnet: '10.15.20.0/24' } };
    const prevResult = add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    host.sh(`nft delete element ${table} sources4 '{ 10.15.20.3 }'
      nft flush chain bridge nat cni-br-iface-c2-eth0`);
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toEqual(well);
    host.sh('nft flush ruleset');
    const without = { ...conf, ipMasq: false, macspoofchk: false };
    expect(call(host, bridge, 'CHECK', { conf: { ...without, prevResult } })).toEqual(well);
  });

  test('without a backend in the configuration iptables will do', () => {
    const { ipMasqBackend, ...conf } = { ...base, ipMasqBackend: 'iptables' };
    const prevResult = add(host, bridge, { conf: { ...conf, ipMasqBackend } });
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toEqual(well);
    const { msg } = failure(host, bridge, 'CHECK', {
      conf: { ...conf, ipMasqBackend: 'nftables', prevResult },
    });
    expect(msg).toBe('not as it was set up: masquerading of 10.15.20.2');
  });

  test.each(['nftables', 'iptables'])(
    "the Go plugin's ADD, with %s: nothing is missed, as by its CHECK",
    (backend) => {
      const conf = { ...base, ipMasqBackend: backend };
      const prevResult = add(host, reference, { conf });
      host.sh('while ip -n c1 -6 -o addr show dev eth0 tentative | grep -q .; do sleep 0.05; done');
      const request = { conf: { ...conf, prevResult } };
      expect(call(host, bridge, 'CHECK', request)).toEqual(well);
      host.sh('nft flush ruleset');
      expect(call(host, reference, 'CHECK', request)).toMatchObject({ status: 0 });
      expect(call(host, bridge, 'CHECK', request)).toEqual(well);
    },
  );
});
