import { articleAs } from '../support/article.ts';
import { type Call, call, ending, executables } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.0.0');
/** What makes the plugin's stack deepest: both families, masquerading, spoofing, routes. */
const conf = {
  ...article,
  isDefaultGateway: true,
  macspoofchk: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15::/64' }]] },
};

/** JSON that is too deep for a recursive parser. */
const deep = (open: string, close: string, depth = 100_000): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;
/** The article's configuration with one more key. */
const having = (key: string, json: string): string =>
  JSON.stringify(article).replace(/\}$/, `, "${key}": ${json}}`);

const [arrays, objects] = [deep('[', ']'), deep('{"a":', '}')];
const deepInputs: [string, string][] = [
  ['arrays', arrays],
  ['objects', objects],
  ['both in turn', deep('[{"a":', '}]')],
  ['arrays in a key that nobody knows', having('more', arrays)],
  ['objects in a key that nobody knows', having('more', objects)],
  ['arrays in prevResult', having('prevResult', arrays)],
  ['objects in args', having('args', objects)],
  ['arrays in runtimeConfig', having('runtimeConfig', `{"ipRanges": ${arrays}}`)],
  ['arrays in a second ipam', having('ipam', `{"type": "host-local", "ranges": ${arrays}}`)],
  ['objects that are cut off', having('more', '{"a":'.repeat(100_000))],
  ['exactly 1 MiB of opening brackets', '['.repeat(1024 * 1024)],
  ['exactly 1 MiB of opening braces', '{"a":'.repeat(1024 * 1024).slice(0, 1024 * 1024)],
];

/** Every command with a configuration that it may accept or refuse. */
const commands = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'];
const current: Call = { conf: { ...conf, cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] } };

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** What an ADD and its DEL leave. */
const takeBack = `ip link del lab-br1 2>/dev/null; rm -rf /var/lib/cni/networks
  sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0`;

describe.each(executables)('%s at its limits', (_name, bridge) => {
  const host = useHost('c1');

  test.each(deepInputs)('JSON too deep to read: %s', (_what, input) => {
    for (const command of commands) ending(call(host, bridge, command, { conf: input }));
  });

  test.each([
    ['/proc', 'mount -t tmpfs none /proc'],
    ['/dev', 'mount -t tmpfs none /dev'],
    ['/sys', 'mount -t tmpfs none /sys'],
    ['/proc, /dev and /sys', 'for directory in /proc /dev /sys; do mount -t tmpfs none $directory; done'],
  ])('no %s', (_what, hide) => {
    const before = host.snapshot('c1');
    // The test itself enters the host through /proc, so it is hidden from the plugin alone.
    const under = ['unshare', '-m', 'sh', '-c', `${hide}; exec "$@"`, 'sh'];
    for (const command of ['VERSION', ...commands]) {
      const status = ending(call(host, bridge, command, { ...current, under }));
      if (command === 'ADD' && status === 1) expect(host.snapshot('c1')).toBe(before);
    }
  });

  test('no more descriptors than it takes to start, and each number above that', () => {
    const before = host.snapshot('c1');
    const limited = (count: number, command: string): Outcome =>
      call(host, bridge, command, { ...current, under: ['prlimit', `--nofile=${count}:${count}`] });
    // Below that Node itself is killed by a signal, or doesn't even load.
    const isStart = (count: number): boolean => [0, 1].includes(limited(count, 'VERSION').status ?? 2);
    const first = numbers(40).find((count) => count >= 3 && isStart(count)) ?? 40;
    for (const count of numbers(10).map((more) => first + more)) {
      for (const command of ['VERSION', 'STATUS', 'CHECK', 'GC']) ending(limited(count, command));
      if (ending(limited(count, 'ADD')) === 1) expect(host.snapshot('c1')).toBe(before);
      if (ending(limited(count, 'DEL')) === 1) ending(call(host, bridge, 'DEL', current));
      host.sh(takeBack);
    }
    expect(limited(first + 12, 'ADD').status).toBe(0);
  });

  test('two at once that have the same process ID share no random value', () => {
    const bridges = numbers(50);
    const input = JSON.stringify({ ...article, ipam: {}, ipMasq: false, isGateway: false });
    host.addContainers('c2');
    host.sh('mkdir /run/conf');
    for (const n of bridges)
      host.run(['tee', `/run/conf/${n}`], { input: input.replaceAll('lab-br1', `br${n}`) });
    const variables = 'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_PATH=/';
    host.sh(
      `for n in $(seq 0 2 49); do for one in $n $((n + 1)); do
        env -i ${variables} CNI_IFNAME=eth$one CNI_NETNS=/run/netns/c$((1 + one % 2)) \
          unshare --pid --fork ${bridge} <conf/$one >conf/$one.result &
      done; wait; done`.replaceAll('conf/', '/run/conf/'),
    );
    const macs = host
      .json<{ address: string }[]>('ip -j link show type bridge')
      .map(({ address }) => address);
    expect(macs).toHaveLength(50);
    expect(new Set(macs).size).toBe(50);
    const veths = host.json<{ ifname: string }[]>('ip -j link show type veth').map(({ ifname }) => ifname);
    expect(new Set(veths).size).toBe(50);
  });
});
