import { articleAs } from '../support/article.ts';
import { add, type Call, call, executables, failure, reference } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.0.0');
const ipam = (more: object): object => ({ ...article, ipam: { ...article.ipam, ...more } });
const one = { rangeStart: '10.15.20.5', rangeEnd: '10.15.20.5' };

interface Case {
  readonly words: string;
  readonly command?: string;
  readonly request?: Partial<Call>;
  /** What the host has before, in shell. */
  readonly before?: string;
  /** Another attachment that is there before. */
  readonly other?: Partial<Call>;
}

/** Errors of the Go plugin that people search for. */
const cases: Case[] = [
  {
    words: '"lab-br1" already has an IP address different from 10.15.20.1/24',
    before: 'ip link add lab-br1 type bridge; ip addr add 10.9.0.1/16 dev lab-br1',
  },
  { words: '"lab-br1" already exists but is not a bridge', before: 'ip link add lab-br1 type veth' },
  {
    words: 'no IP addresses available in range set: 10.15.20.5-10.15.20.5',
    request: { conf: ipam(one) },
    other: { conf: ipam(one), containerID: 'c2', netns: '/run/netns/c2' },
  },
  {
    words: 'requested IP address 10.15.20.5 is not available in range set 10.15.20.1-10.15.20.254',
    request: { env: { CNI_ARGS: 'IP=10.15.20.5;IgnoreUnknown=1' } },
    other: { containerID: 'c2', netns: '/run/netns/c2', env: { CNI_ARGS: 'IP=10.15.20.5;IgnoreUnknown=1' } },
  },
  { words: 'duplicate allocation is not allowed', other: { netns: '/run/netns/c2' } },
  { words: 'container veth name', before: 'ip -n c1 link add eth0 type bridge' },
  { words: 'already exists', before: 'ip -n c1 link add eth0 type bridge' },
  { words: 'failed to find plugin "nowhere" in path [', request: { conf: ipam({ type: 'nowhere' }) } },
  { words: 'failed to open netns "/run/netns/gone"', request: { netns: '/run/netns/gone' } },
  { words: 'failed to open netns "/etc/hostname"', request: { netns: '/etc/hostname' } },
  {
    words: 'cannot set hairpin mode and promiscuous mode at the same time',
    request: { conf: { ...article, hairpinMode: true, promiscMode: true } },
  },
  {
    words: 'cannot use IPAM when DisableContainerInterface flag is set',
    request: { conf: { ...article, disableContainerInterface: true } },
  },
  { words: 'incompatible CNI versions', request: { conf: { ...article, cniVersion: '9.0.0' } } },
  { words: 'config is "9.0.0", plugin supports', request: { conf: { ...article, cniVersion: '9.0.0' } } },
  {
    words: 'config version does not allow CHECK',
    command: 'CHECK',
    request: { conf: { ...article, cniVersion: '0.3.1' } },
  },
  { words: 'config version does not allow STATUS', command: 'STATUS' },
  { words: 'missing network name', request: { conf: { ...article, name: undefined } } },
  { words: 'required env variables [CNI_IFNAME] missing', request: { env: { CNI_IFNAME: undefined } } },
  { words: 'unknown CNI_COMMAND: ', request: { env: { CNI_COMMAND: 'ATTACH' } } },
];

describe.each(executables)('%s says what the Go plugin says, and then more', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  function said(executable: string, { command = 'ADD', request = {}, before = 'true', other }: Case): string {
    host.sh(before);
    if (other !== undefined) add(host, executable, { conf: article, ...other });
    const { msg, details = '' } = failure(host, executable, command, { conf: article, ...request });
    if (other !== undefined) call(host, executable, 'DEL', { conf: article, ...other });
    host.sh(`ip link del lab-br1 2>/dev/null || true; ip -n c1 link del eth0 2>/dev/null || true
      rm -rf /var/lib/cni/networks`);
    return `${msg}: ${details}`;
  }

  test.each(cases)('$words', (one) => {
    expect(said(reference, one)).toContain(one.words);
    expect(said(bridge, one)).toContain(one.words);
  });
});
