import { article } from '../support/article.ts';
import { add, call, del, executables, failure, startCall } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

/** A line of the file. */
interface Line {
  readonly time: string;
  readonly command: string;
  readonly ms: number;
  readonly phases: Record<string, number>;
  readonly result?: object;
  readonly error?: { code: number; msg: string };
  readonly warnings?: string[];
}

const file = '/run/debug.log';

describe.each(executables)('debug, with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const conf = { ...article, cniVersion: '1.1.0', macspoofchk: true, debug: file };
  const lines = (): Line[] =>
    host
      .sh(`cat ${file}`)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const last = (): Line | undefined => lines().at(-1);

  test('appends a line about each call, and changes nothing else', () => {
    const args = 'IgnoreUnknown=1;K8S_POD_NAME=web;TOKEN=secret';
    const result = add(host, bridge, { conf, env: { CNI_ARGS: args, CNI_OTHER: 'secret' } });
    const check = { ...conf, prevResult: result };
    expect(call(host, bridge, 'CHECK', { conf: check })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(call(host, bridge, 'STATUS', { conf }).status).toBe(0);
    const gc = { ...conf, 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] };
    expect(call(host, bridge, 'GC', { conf: gc }).status).toBe(0);
    del(host, bridge, { conf });
    const own = { network: 'lab-br1', container: 'c1', interface: 'eth0', netns: '/run/netns/c1' };
    const path = expect.stringMatching(/\/dist/);
    const of = (command: string, phases: string[], more: object): object => ({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      command,
      ...own,
      environment: { CNI_PATH: path },
      ms: expect.any(Number),
      phases: Object.fromEntries(phases.map((name) => [name, expect.any(Number)])),
      ...more,
    });
    const attached = ['namespaces', 'veth', 'netfilter', 'ipam', 'container', 'gateway', 'answer'];
    const shownArgs = 'IgnoreUnknown=1;K8S_POD_NAME=web;TOKEN=...';
    expect(lines()).toEqual([
      of('ADD', attached, { result, environment: { CNI_PATH: path, CNI_ARGS: shownArgs } }),
      of('CHECK', ['namespaces', 'veth', 'netfilter', 'container', 'ipam'], {}),
      of('STATUS', ['veth', 'namespaces', 'netfilter', 'ipam'], {}),
      of('GC', ['netfilter', 'veth', 'ipam'], {}),
      of('DEL', ['ipam', 'netfilter', 'veth'], {}),
    ]);
    expect(host.sh(`cat ${file}`)).not.toContain('secret');
    expect(host.sh(`stat -c '%a %F' ${file}`)).toBe('600 regular file\n');
    for (const { ms, phases } of lines()) {
      const sum = Object.values(phases).reduce((all, one) => all + one, 0);
      expect(sum).toBeLessThanOrEqual(ms + 0.01);
    }
    const after = host.snapshot('c1');
    const { debug: _debug, ...without } = conf;
    add(host, bridge, { conf: without });
    del(host, bridge, { conf: without });
    expect(lines()).toHaveLength(5);
    // The round robin has gone on by one address.
    const place = /^.*last_reserved_ip.*$/gm;
    expect(host.snapshot('c1').replace(place, '')).toBe(after.replace(place, ''));
  });

  // strace tells the kind of a socket's first message by its number.
  test.each([
    ['an ADD by forgetConnections', 'ADD', /IPCTNL_MSG_CT_GET|=0x101 /],
    ['an ADD by ipspoofchk', 'ADD', /NFT_MSG_GETCHAIN|=0xa04 /],
    ['a DEL by forgetConnections', 'DEL', /IPCTNL_MSG_CT_GET|=0x101 /],
  ])('what is asked in %s counts as netfilter', (_what, command, question) => {
    host.sh("nft 'table inet t { chain c { type filter hook output priority 0; ct state new accept; }; }'");
    host.sh('ping -c 1 127.0.0.1');
    const own = { ...conf, macspoofchk: false, ipMasq: false, ipspoofchk: true, forgetConnections: true };
    add(host, bridge, { conf: own });
    const traced = (more: string[]): void => {
      del(host, bridge, { conf: own });
      if (command === 'DEL') add(host, bridge, { conf: own });
      const under = ['strace', '-yy', '-e', 'trace=sendto', '-o', '/run/trace', ...more];
      expect(call(host, bridge, command, { conf: own, under }).status).toBe(0);
    };
    traced([]);
    const sent = host.sh('cat /run/trace').split('\n');
    const place = sent.findIndex((line) => question.test(line)) + 1;
    expect(place).toBeGreaterThan(0);
    traced(['-e', `inject=sendto:delay_enter=500000:when=${place}`]);
    expect(last()?.phases.netfilter).toBeGreaterThan(500);
  });

  test('tells of a call that fails, and of one that is refused', () => {
    add(host, bridge, { conf });
    const again = failure(host, bridge, 'ADD', { conf });
    expect(last()).toMatchObject({ command: 'ADD', error: { code: again.code, msg: again.msg } });
    expect(last()).not.toHaveProperty('result');
    const bad = failure(host, bridge, 'ADD', { conf: { ...conf, mtu: 1 } });
    expect(last()).toMatchObject({ network: 'lab-br1', phases: {}, error: { code: 7, msg: bad.msg } });
    const old = failure(host, bridge, 'STATUS', { conf: { ...conf, cniVersion: '0.4.0' } });
    expect(last()).toMatchObject({ command: 'STATUS', error: { code: 1, msg: old.msg } });
    host.sh('ip link set lab-br1 down');
    expect(call(host, bridge, 'CHECK', { conf }).status).toBe(1);
    expect(last()).toMatchObject({ command: 'CHECK', error: { code: 7 } });
    const taken = failure(host, bridge, 'ADD', { conf: { ...conf, bridge: 'lo' }, containerID: 'c2' });
    expect(last()).toMatchObject({
      container: 'c2',
      error: { msg: taken.msg },
      phases: { undo: expect.any(Number) },
    });
    // What was ignored is told, as on stderr.
    const { stderr } = call(host, bridge, 'DEL', { conf: { ...conf, mtu: 1 } });
    expect(last()).toMatchObject({ command: 'DEL', warnings: [stderr.trim()] });
  });

  test('a line is written whole, whoever else writes', async () => {
    const calls = Array.from({ length: 100 }, (_, i) =>
      startCall(host, bridge, 'STATUS', { conf, containerID: `n${i + 1}` }),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ status, stderr }) => [status, stderr])).toEqual(calls.map(() => [0, '']));
    const found = lines().map((line) => ('container' in line ? line.container : undefined));
    expect(new Set(found).size).toBe(100);
    expect(found).toHaveLength(100);
  });

  test.each([
    ['a symbolic link', `ln -s /run/target ${file}`, 'ELOOP'],
    ['a FIFO that nobody reads', `mkfifo ${file}`, 'ENXIO'],
    ['a device', `mknod ${file} c 1 3 2>/dev/null || ln -s /dev/null ${file}`, /not a regular file|ELOOP/],
    ['a file that nobody may write', 'mkdir -p /run/full && mount -t tmpfs -o ro none /run/full', 'EROFS'],
    ['a directory that is not there', ':', 'ENOENT'],
    [
      'a file system that is full',
      'mkdir -p /run/full && mount -t tmpfs -o size=4k none /run/full && head -c 4000 /dev/zero >/run/full/debug.log',
      'had room for',
    ],
  ])('%s is a warning, and the call succeeds', (_what, make, words) => {
    host.sh(make);
    const path = make.includes('/run/full')
      ? '/run/full/debug.log'
      : make === ':'
        ? '/run/none/debug.log'
        : file;
    const { status, stderr } = call(host, bridge, 'ADD', { conf: { ...conf, debug: path } });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^debug: [^\n]+\n$/);
    expect(stderr).toMatch(words);
    expect(host.sh('ls /run')).not.toContain('target');
    expect(host.sh('ip -n c1 -br link show eth0')).toContain('UP');
  });

  test('a FIFO that somebody reads gets nothing', () => {
    host.sh(`mkfifo ${file}`);
    const under = ['sh', '-c', `exec 3<>${file}; "$0"; status=$?; dd iflag=nonblock <&3; exit $status`];
    const { status, stdout, stderr } = call(host, bridge, 'ADD', { conf, under });
    expect({ status, last: stdout.trim().at(-1) }).toEqual({ status: 0, last: '}' });
    expect(stderr).toContain(`debug: ${file} is not a regular file\n`);
  });

  test('a directory is refused; a DEL and a GC ignore that', () => {
    const directory = { ...conf, debug: '/run' };
    const words = 'debug: must be a file, and "/run" is a directory';
    for (const command of ['ADD', 'CHECK', 'STATUS'])
      expect(failure(host, bridge, command, { conf: directory })).toMatchObject({
        code: 7,
        msg: `invalid configuration: ${words}`,
      });
    for (const command of ['DEL', 'GC'])
      expect(
        call(host, bridge, command, { conf: { ...directory, 'cni.dev/valid-attachments': [] } }),
      ).toEqual({
        status: 0,
        stdout: '',
        stderr: expect.stringContaining(words),
      });
  });

  test('no environment variable, no other name of the executable writes', () => {
    const { debug: _debug, ...without } = conf;
    host.sh('mkdir /run/watched');
    const env = {
      CNI_DEBUG: '/run/watched/a',
      DEBUG: '/run/watched/a',
      CNI_ARGS: 'IgnoreUnknown=1;debug=/run/watched/a',
    };
    add(host, bridge, { conf: without, env });
    del(host, bridge, { conf: without, env });
    const loopback = bridge.replace(/bridge$/, 'loopback');
    add(host, loopback, { conf: { ...conf, debug: '/run/watched/a', type: 'loopback' }, ifname: 'lo' });
    expect(host.sh('ls /run/watched')).toBe('');
  });
});
