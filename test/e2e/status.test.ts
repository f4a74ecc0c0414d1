import { articleAs } from '../support/article.ts';
import { add, call, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const ipam = (more: object): object => ({ ...article, ipam: { ...article.ipam, ...more } });
const one = ipam({ rangeStart: '10.15.20.9', rangeEnd: '10.15.20.9' });

/** What stands in the way of an ADD, and what STATUS says of it. */
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
    // What it says is true.
    expect(call(host, bridge, 'ADD', { conf }).status).toBe(1);
    expect(host.snapshot('c1')).toBe(before);
  });

  test('50 where no address is free', () => {
    add(host, bridge, { conf: one });
    expect(failure(host, bridge, 'STATUS', { conf: one })).toMatchObject({
      code: 50,
      msg: expect.stringContaining('1 addresses, 1 leased'),
    });
    expect(call(host, bridge, 'STATUS', { conf: article }).status).toBe(0);
  });

  test('50 without CAP_NET_ADMIN', () => {
    const capsh = ['capsh', '--drop=cap_net_admin', '--', '-c'];
    const { status, stdout } = host.run([...capsh, `exec env -i CNI_COMMAND=STATUS CNI_PATH=/ ${bridge}`], {
      input: JSON.stringify(article),
    });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 50,
      msg: 'links cannot be changed',
      details: 'EPERM: CAP_NET_ADMIN is needed',
    });
  });

  test('needs 1.1.0', () => {
    expect(failure(host, bridge, 'STATUS', { conf: { ...article, cniVersion: '1.0.0' } })).toMatchObject({
      code: 1,
      details: 'configuration is "1.0.0", STATUS needs 1.1.0 or later',
    });
  });
});
