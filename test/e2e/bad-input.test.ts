import { article, articleAs } from '../support/article.ts';
import { type Call, call, executables, failure } from '../support/cni.ts';
import { leaseDirectory } from '../support/snapshot.ts';
import { shareHost } from '../support/use-host.ts';

const ipam = (more: object): object => ({ ...article, ipam: { ...article.ipam, ...more } });

const cases: [string, Partial<Call>, number, string][] = [
  ['unknown CNI_COMMAND', { env: { CNI_COMMAND: 'ATTACH' } }, 4, 'ATTACH'],
  ['no CNI_COMMAND', { env: { CNI_COMMAND: undefined } }, 4, 'CNI_COMMAND'],
  [
    'missing variables, all of them',
    { env: { CNI_CONTAINERID: undefined, CNI_NETNS: undefined } },
    4,
    'CNI_CONTAINERID,CNI_NETNS',
  ],
  ['a container ID with a slash', { containerID: 'a/b' }, 4, 'a/b'],
  ['an interface name that is too long', { ifname: 'sixteen-bytes-xx' }, 4, 'sixteen-bytes-xx'],
  ['an interface name with a colon', { ifname: 'eth:0' }, 4, 'eth:0'],
  ['an interface name with a slash', { ifname: 'a/b' }, 4, 'a/b'],
  ['an interface name with white space', { ifname: 'eth 0' }, 4, 'eth 0'],
  ['an interface name that is a directory', { ifname: '..' }, 4, '..'],
  ['a container ID that begins with a dot', { containerID: '.hidden' }, 4, '.hidden'],
  ['an unknown key in CNI_ARGS', { env: { CNI_ARGS: 'COLOR=red' } }, 4, 'COLOR'],
  ['no such namespace', { netns: '/run/netns/nowhere' }, 8, '/run/netns/nowhere'],
  ['a file that is not a namespace', { netns: '/etc/hostname' }, 8, '/etc/hostname'],
  ['a pipe that is not a namespace', { netns: '/run/pipe' }, 8, '/run/pipe'],
  ["the host's own namespace", { netns: '/proc/self/ns/net' }, 8, '/proc/self/ns/net'],
  ['a namespace of another kind', { netns: '/proc/self/ns/mnt' }, 8, '/proc/self/ns/mnt'],
  ['an interface name that the kernel would fill in', { ifname: 'a%d' }, 4, 'a%d'],
  ['an interface name that stands for all', { ifname: 'all' }, 4, 'all'],
  ['empty stdin', { conf: '' }, 6, 'empty'],
  ['stdin that is not JSON', { conf: '{"name": ' }, 6, 'not JSON'],
  ['stdin that is not an object', { conf: '[1]' }, 6, 'not a JSON object'],
  ['stdin over 1 MiB', { conf: `{"name": "${'a'.repeat(1024 * 1024)}"}` }, 5, 'too long'],
  ['a version from the future', { conf: articleAs('9.0.0') }, 1, '9.0.0'],
  ['no network name', { conf: { ...article, name: undefined } }, 7, 'name'],
  ['a network name that leaves its directory', { conf: { ...article, name: '../etc' } }, 7, '../etc'],
  ['a subnet that is not one', { conf: ipam({ subnet: '10.15.20.300/24' }) }, 7, '10.15.20.300/24'],
  ['a subnet that is not a string', { conf: ipam({ subnet: 24 }) }, 7, 'ipam.subnet'],
  ['a subnet that is too small', { conf: ipam({ subnet: '10.15.20.0/31' }) }, 7, '10.15.20.0/31'],
  ['an mtu that is a string', { conf: { ...article, mtu: 'big' } }, 7, '"big"'],
  [
    'hairpin and promiscuous at once',
    { conf: { ...article, hairpinMode: true, promiscMode: true } },
    7,
    'hairpinMode',
  ],
  ['a MAC address that is none', { env: { CNI_ARGS: 'MAC=aa:bb' } }, 7, 'aa:bb'],
  ['a bridge name that is too long', { conf: { ...article, bridge: 'a'.repeat(16) } }, 7, 'a'.repeat(16)],
  ['a bridge name of another kind of link', { conf: { ...article, bridge: 'plain0' } }, 7, 'plain0'],
  ['an interface name that is taken', { ifname: 'taken' }, 4, 'taken'],
];

/** What only IPAM finds out, with the lease directory open. */
const refusedByIpam: typeof cases = [
  ['the address of the gateway', { env: { CNI_ARGS: 'IP=10.15.20.1' } }, 7, '10.15.20.1'],
  ['an address that is another subnet', { env: { CNI_ARGS: 'IP=192.0.2.9' } }, 7, '192.0.2.9'],
];

/** What a DEL refuses: it can't know what to clean up. */
const refusedByDel: typeof cases = [
  [
    'missing variables',
    { env: { CNI_CONTAINERID: undefined, CNI_IFNAME: '' } },
    4,
    'CNI_CONTAINERID,CNI_IFNAME',
  ],
  ['a container ID with a slash', { containerID: 'a/b' }, 4, 'a/b'],
  ["the host's own namespace", { netns: '/proc/self/ns/net' }, 8, '/proc/self/ns/net'],
  ['a namespace of another kind', { netns: '/proc/self/ns/mnt' }, 8, '/proc/self/ns/mnt'],
  ['stdin that is not JSON', { conf: '{"name": ' }, 6, 'not JSON'],
  ['a network name that leaves its directory', { conf: { ...article, name: '../etc' } }, 7, '../etc'],
];

describe.each(executables)('bad input to %s', (_name, bridge) => {
  const host = shareHost('c1');
  beforeAll(() => {
    host.sh(`ip -n c1 link add taken type bridge && ip link add plain0 type veth peer name plain1
      mkfifo /run/pipe`);
  });

  function refuses(command: string, request: Partial<Call>, code: number, culprit: string): void {
    const before = host.snapshot('c1');
    const error = failure(host, bridge, command, { conf: article, ...request });
    expect(error.code).toBe(code);
    expect(`${error.msg} ${error.details ?? ''}`).toContain(culprit);
    expect(Object.keys(error)).toEqual(expect.arrayContaining(['cniVersion', 'code', 'msg']));
    expect(host.snapshot('c1')).toBe(before);
  }

  test.each(cases)('ADD: %s', (_what, request, code, culprit) => {
    refuses('ADD', request, code, culprit);
    expect(leaseDirectory(host)).toBe('');
  });
  test.each(refusedByDel)('DEL: %s', (_what, request, code, culprit) => {
    refuses('DEL', request, code, culprit);
    expect(leaseDirectory(host)).toBe('');
  });
  test.each(refusedByIpam)('ADD: %s', (_what, request, code, culprit) => {
    refuses('ADD', request, code, culprit);
  });

  test.each(['/run/pipe', '/dev/zero'])('STATUS ends where resolvConf is %s', (resolvConf) => {
    const { status, stdout } = call(host, bridge, 'STATUS', {
      conf: { ...ipam({ resolvConf }), cniVersion: '1.1.0' },
    });
    expect([status, stdout]).toEqual([0, '']);
  });
});
