import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { useHost } from '../support/use-host.ts';

/** Programs that make network namespaces as on a machine with all sysctls inverted. */
const turned = resolve('test/turned');
/** What a new network namespace may inherit, a line for each. */
const sysctls = 'cd /proc/sys/net && grep -s "" ipv4/conf/*/* ipv6/conf/*/* bridge/* || true';
const leftover = {
  CNI_COMMAND: 'DEL',
  CNI_CONTAINERID: 'left',
  CNI_NETNS: '/proc/1/ns/net',
  CNI_IFNAME: 'eth9',
  CNI_ARGS: 'COLOR=red',
  CNI_PATH: '/nowhere',
  NETCONFPATH: '/nowhere',
  LANG: 'de_DE.UTF-8',
  LC_ALL: 'de_DE.UTF-8',
  LANGUAGE: 'de',
  TZ: 'Asia/Kathmandu',
};

/** What a shell command prints in a host of its own; the host is made by a caller with this environment. */
function inHost(command: string, env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'umask 077 && exec build/in-host sh -c "$0"', command],
    { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...env } },
  );
  if (status !== 0) throw new Error(`exit ${status}\n${stderr}`);
  return stdout;
}

const path = `${turned}:${process.env.PATH}`;

test('what the next tests turn is turned', () => {
  const made = spawnSync('unshare', ['-nm', '--propagation', 'private', 'sh', '-c', sysctls], {
    encoding: 'utf8',
    env: { PATH: path },
  });
  for (const line of [
    'ipv4/conf/all/forwarding:1',
    'ipv6/conf/default/disable_ipv6:1',
    'ipv4/conf/default/rp_filter:1',
  ])
    expect(made.stdout.split('\n')).toContain(line);
});

test("a host has the kernel's own sysctls, whatever the machine's are", () => {
  const own = inHost(sysctls, { PATH: path });
  expect(own.split('\n')).toEqual(inHost(sysctls).split('\n'));
  for (const line of [
    'ipv4/conf/all/forwarding:0',
    'ipv4/conf/default/rp_filter:0',
    'ipv4/conf/default/arp_notify:0',
    'ipv4/conf/lo/route_localnet:0',
    'ipv6/conf/all/forwarding:0',
    'ipv6/conf/default/disable_ipv6:0',
    'ipv6/conf/default/accept_ra:1',
    'ipv6/conf/default/accept_dad:1',
    'ipv6/conf/default/keep_addr_on_down:0',
  ])
    expect(own.split('\n')).toContain(line);
  expect(own).not.toMatch(/^bridge\/.*:[^0]/m);
});

test("nothing of the caller's umask, locale, time zone and CNI variables is left", () => {
  const report = 'umask; touch /run/file; stat -c %a /run /run/netns /run/file; env | cut -d= -f1 | sort';
  const names = ['LC_ALL', 'PATH', 'PWD', 'TZ'];
  expect(inHost(report, leftover).trim().split('\n')).toEqual(['0022', '1777', '755', '644', ...names]);
  expect(inHost('echo $LC_ALL $TZ', leftover)).toBe('C UTC\n');
});

describe('containers', () => {
  const host = useHost();
  const before = process.env.PATH;
  afterEach(() => {
    process.env.PATH = before;
  });

  test("have the kernel's own sysctls, whatever the machine's are", () => {
    process.env.PATH = path;
    host.sh('ip netns add stranger');
    expect(host.sh('ip netns exec stranger cat /proc/sys/net/ipv4/conf/all/forwarding')).toBe('1\n');
    host.addContainers('c1');
    const inside = host.sh(`ip netns exec c1 sh -c '${sysctls}'`);
    expect(inside.split('\n')).toEqual(inHost(sysctls).split('\n'));
  });
});
