import { article } from '../support/article.ts';
import { add, executables, failure } from '../support/cni.ts';
import type { Host } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const ipam = (more: object): object => ({ ...article, ipam: { ...article.ipam, ...more } });
const other = { containerID: 'other', netns: '/run/netns/c2' };

/** The host's state before the failing ADD. */
const hosts: [string, (host: Host, bridge: string) => void][] = [
  ['a host without the bridge', () => undefined],
  ['a host with another container', (host, bridge) => void add(host, bridge, { conf: article, ...other })],
];

interface Failure {
  /** Done on the host before the ADD. */
  readonly command?: string;
  readonly conf?: object;
  readonly code: number;
  /** What the error names. */
  readonly culprit: string | RegExp;
}

/** Why the ADD fails: the later in the list, the more there is to undo. */
const failures: [string, Failure][] = [
  ['eth0 is taken', { command: 'ip -n c1 link add eth0 type bridge', code: 4, culprit: 'eth0' }],
  [
    'leases cannot be written',
    { command: 'mount -o remount,ro /var/lib/cni', code: 5, culprit: '/var/lib/cni/networks' },
  ],
  [
    'no address is free',
    {
      command: 'D=/var/lib/cni/networks/lab-br1 && mkdir -p $D && printf "x\\r\\neth0" >$D/10.15.20.9',
      conf: ipam({ rangeStart: '10.15.20.9', rangeEnd: '10.15.20.9' }),
      code: 11,
      culprit: '10.15.20.9',
    },
  ],
  [
    'the kernel refuses a route',
    {
      conf: ipam({ routes: [{ dst: '198.51.100.0/24', gw: '203.0.113.9' }] }),
      code: 999,
      culprit: /cannot add route 198\.51\.100\.0\/24 via 203\.0\.113\.9 dev eth0.*ENETUNREACH/,
    },
  ],
  [
    'nftables has something else in the way',
    {
      command: `nft delete table inet cni-bridge-lab-br1 2>/dev/null; nft add table inet cni-bridge-lab-br1
        nft add map inet cni-bridge-lab-br1 sources4 "{ type inet_service : verdict; }"`,
      code: 999,
      culprit: 'cni-bridge-lab-br1',
    },
  ],
  [
    'forwarding cannot be turned on',
    {
      command:
        'F=/proc/sys/net/ipv4/ip_forward; echo 0 >$F; mount --bind $F $F && mount -o remount,bind,ro $F',
      code: 5,
      culprit: 'ip_forward',
    },
  ],
];

describe.each(executables)('an ADD of %s that fails leaves everything as it was', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  describe.each(hosts)('on %s', (_where, prepare) => {
    test.each(failures)('when %s', (_what, { command = 'true', conf = article, code, culprit }) => {
      prepare(host, bridge);
      host.sh(command);
      const before = host.snapshot('c1', 'c2');
      const error = failure(host, bridge, 'ADD', {
        conf: { mtu: 1400, promiscMode: true, macspoofchk: true, ...conf },
      });
      expect(`${error.msg} ${error.details ?? ''}`).toMatch(culprit);
      expect(error.code).toBe(code);
      expect(host.snapshot('c1', 'c2')).toBe(before);
    });

    test('when the result cannot be written', () => {
      prepare(host, bridge);
      const before = host.snapshot('c1', 'c2');
      const variables =
        'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
      const { status, stderr } = host.run(['sh', '-c', `exec env -i ${variables} ${bridge} >/dev/full`], {
        input: JSON.stringify(article),
      });
      expect(status).toBe(1);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(host.snapshot('c1', 'c2')).toBe(before);
    });
  });
});
