import { articleAs } from '../support/article.ts';
import { add, call, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const ipam = (more: object): object => ({ ...article, ipam: { ...article.ipam, ...more } });
const one = ipam({ rangeStart: '10.15.20.9', rangeEnd: '10.15.20.9' });

/** What prevents every ADD, and what STATUS says about it. */
const obstacles: [string, string, object, string][] = [
  [
    'dataDir is read-only',
    'mkdir /run/ro && mount -t tmpfs -o ro none /run/ro',
    ipam({ dataDir: '/run/ro/cni' }),
    'cannot write /run/ro/cni/lab-br1: EROFS',
  ],
  [
    'dataDir is full',
    'mkdir /run/full && mount -t tmpfs -o size=4k none /run/full && head -c 4096 /dev/zero >/run/full/x',
    ipam({ dataDir: '/run/full' }),
    'cannot write /run/full/lab-br1: ENOSPC',
  ],
  ['dataDir is a file', 'touch /run/file', ipam({ dataDir: '/run/file' }), '/run/file'],
  ['resolvConf is missing', 'true', ipam({ resolvConf: '/run/nowhere' }), '/run/nowhere'],
  ['the delegate is missing', 'true', { ...article, ipam: { type: 'nowhere' } }, 'nowhere'],
];

describe.each(executables)('STATUS of %s', (_name, bridge) => {
  const host = useHost('c1');

  test('is well where an ADD would be, and changes nothing', () => {
    const before = host.snapshot('c1');
    expect(call(host, bridge, 'STATUS', { conf: article })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(host.snapshot('c1')).toBe(before);
    expect(host.sh('find /var/lib/cni -mindepth 1')).toBe('');
  });

  test.each(obstacles)('50 where %s', (_what, command, conf, words) => {
    host.sh(command);
    const before = host.snapshot('c1');
    const error = failure(host, bridge, 'STATUS', { conf });
    expect(`${error.msg}: ${error.details}`).toContain(words);
    expect(error.code).toBe(50);
    // What it says is true: an ADD fails.
    expect(call(host, bridge, 'ADD', { conf }).status).toBe(1);
    expect(host.snapshot('c1')).toBe(before);
  });

  test('is well where no address is free, so that a runtime goes on to the GC that frees some', () => {
    add(host, bridge, { conf: one });
    const another = { conf: one, containerID: 'c2', ifname: 'eth1' };
    expect(failure(host, bridge, 'ADD', another).msg).toContain('1 addresses, 1 leased');
    expect(call(host, bridge, 'STATUS', { conf: one })).toEqual({ status: 0, stdout: '', stderr: '' });
    const none = { ...one, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: none })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(add(host, bridge, another).ips[0]?.address).toBe('10.15.20.9/24');
  });

  test.each([
    ['cap_net_admin', 'links cannot be changed', 'EPERM: CAP_NET_ADMIN is needed'],
    ['cap_sys_admin', 'network namespaces cannot be entered', 'EPERM: CAP_SYS_ADMIN is needed'],
  ])('50 without %s', (capability, msg, details) => {
    const capsh = ['capsh', `--drop=${capability}`, '--', '-c'];
    const { status, stdout } = host.run([...capsh, `exec env -i CNI_COMMAND=STATUS CNI_PATH=/ ${bridge}`], {
      input: JSON.stringify(article),
    });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 50, msg, details });
  });

  test('50 where the kernel has no rtnetlink', () => {
    const under = ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', 'inject=socket:error=EAFNOSUPPORT'];
    const error = failure(host, bridge, 'STATUS', { conf: article, under });
    expect(error).toMatchObject({ code: 50, details: expect.stringContaining('EAFNOSUPPORT') });
  });

  test("7 where the bridge's name belongs to a link of another kind", () => {
    const error = failure(host, bridge, 'STATUS', { conf: { ...article, bridge: 'lo' } });
    expect(error).toMatchObject({
      code: 7,
      details: expect.stringContaining('already exists but is not a bridge'),
    });
  });

  test('is refused for a configuration of an earlier version than 1.1.0', () => {
    expect(failure(host, bridge, 'STATUS', { conf: { ...article, cniVersion: '1.0.0' } })).toMatchObject({
      code: 1,
      details: 'config version does not allow STATUS: it is "1.0.0", STATUS needs 1.1.0 or later',
    });
  });
});
