import { resolve } from 'node:path';
import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const reference = resolve('dist/reference');
const valid = { 'cni.dev/valid-attachments': [] };

/** An address as a delegate prints it. */
const answer = JSON.stringify({
  cniVersion: '1.1.0',
  ips: [{ address: '10.15.20.77/24', gateway: '10.15.20.1' }],
  dns: {},
});

/** What a delegate does, the code that its ADD ends with, and what is reported. */
const broken: [string, string, number, string][] = [
  ['prints garbage', 'echo garbage', 999, 'it printed "garbage'],
  ['prints nothing', 'true', 999, 'it printed nothing'],
  ['prints a result without an address', `echo '{"cniVersion": "1.1.0"}'`, 999, 'no address'],
  ['prints a result of no known version', `echo '{"cniVersion": "7.0.0"}'`, 6, '"7.0.0"'],
  [
    'prints an address that is none',
    `echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.15.20.300/24"}]}'`,
    6,
    '10.15.20.300/24',
  ],
  ['prints an error without a code', `echo '{"msg": "no"}'; exit 1`, 999, 'status 1'],
  ['prints a result and fails', `echo '${answer}'; exit 1`, 999, 'status 1'],
  ['fails without a word', 'exit 3', 999, 'netplugin failed: it exited with status 3 and printed nothing'],
  ['dies by SIGKILL', 'kill -9 $$', 999, 'it was killed by SIGKILL'],
  ['dies by SIGSEGV after its answer', `echo '${answer}'; kill -SEGV $$`, 999, 'it was killed by SIGSEGV'],
  ['prints 100 MB', 'exec head -c 100000000 /dev/zero', 999, 'it printed more than 4 MiB'],
  ['has an error of its own', `echo '{"code": 123, "msg": "no", "details": "pool"}'; exit 1`, 123, 'no pool'],
];

describe.each(executables)('%s and another IPAM plugin', (_name, bridge) => {
  const host = useHost('c1');

  const conf = { ...article, ipam: { type: 'scripted' } };
  const env = { CNI_PATH: '/nowhere:/run/plugins' };

  /** Puts a delegate into CNI_PATH that notes each command that it is called with. */
  function script(body: string, mode = '755'): void {
    host.sh(`mkdir -p /run/plugins && cat >/run/plugins/scripted <<'END'
#!/bin/sh
echo $CNI_COMMAND >>/run/called
${body}
END
      chmod ${mode} /run/plugins/scripted`);
  }
  const called = (): string[] => host.sh('cat /run/called 2>/dev/null || true').split('\n').filter(Boolean);

  describe('that fails: its error is reported, its DEL is called, and everything is undone', () => {
    test.each(broken)('%s', (_what, body, code, words) => {
      script(`[ $CNI_COMMAND = ADD ] || exit 0\n${body}`);
      const before = host.snapshot('c1');
      const error = failure(host, bridge, 'ADD', { conf, env });
      expect(`${error.msg} ${error.details ?? ''}`).toContain(words);
      expect(error.code).toBe(code);
      expect(called()).toEqual(['ADD', 'DEL']);
      expect(host.snapshot('c1')).toBe(before);
    });

    test('fails in its DEL too: the first error is the one reported', () => {
      script('echo "{\\"code\\": 100, \\"msg\\": \\"no $CNI_COMMAND\\"}"; exit 1');
      expect(failure(host, bridge, 'ADD', { conf, env })).toMatchObject({ code: 100, msg: 'no ADD' });
      expect(called()).toEqual(['ADD', 'DEL']);
    });

    test('gives an address that the kernel refuses', () => {
      script(`[ $CNI_COMMAND = DEL ] || echo '${answer.replace('10.15.20.77/24', 'ff02::9/64')}'`);
      const before = host.snapshot('c1');
      const error = failure(host, bridge, 'ADD', { conf, env });
      expect(error).toMatchObject({ code: 999, msg: 'cannot add address ff02::9/64 on eth0' });
      expect(called()).toEqual(['ADD', 'DEL']);
      expect(host.snapshot('c1')).toBe(before);
    });
  });

  test.each([
    ['is missing', 'rm /run/plugins/scripted', 'ipam.type: CNI_PATH has no such executable'],
    ['is not executable', 'chmod 644 /run/plugins/scripted', '/run/plugins/scripted is not executable'],
    [
      'is a directory',
      'rm /run/plugins/scripted; mkdir /run/plugins/scripted',
      'ipam.type: CNI_PATH has no such executable',
    ],
  ])('that %s is an error before anything is touched', (_what, command, details) => {
    script('true');
    host.sh(command);
    const before = host.snapshot('c1');
    const error = failure(host, bridge, 'ADD', { conf, env });
    expect(error).toMatchObject({
      code: 7,
      msg: 'failed to find plugin "scripted" in path [/nowhere /run/plugins]',
      details,
    });
    expect(called()).toEqual([]);
    expect(host.snapshot('c1')).toBe(before);
  });

  test.each(['../plugins/scripted', '/run/plugins/scripted', 'a/b', '..', '.'])(
    'named %s is refused, by a DEL too',
    (type) => {
      script('true');
      for (const command of ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS']) {
        const error = failure(host, bridge, command, {
          conf: { ...conf, ...valid, ipam: { type } },
          env: { CNI_PATH: '/run' },
        });
        expect(error.code).toBe(7);
      }
      expect(called()).toEqual([]);
    },
  );

  test('gets our environment, our stdin and no other file', () => {
    // 300 kB: more than a pipe holds.
    const text = JSON.stringify({ ...conf, more: 'a'.repeat(300_000) }, undefined, 2);
    script(`cat /proc/$$/environ >/run/environ; readlink /proc/$$/cwd >/run/cwd
      cat /dev/stdin >/run/stdin
      ls -l /proc/self/fd >/run/files
      echo '${answer}'`);
    const variables: [string, string][] = [
      ['CNI_COMMAND', 'ADD'],
      ['CNI_CONTAINERID', 'c1'],
      ['CNI_NETNS', '/run/netns/c1'],
      ['CNI_IFNAME', 'eth0'],
      ['CNI_PATH', '/nowhere:/run/plugins'],
      ['CNI_ARGS', 'IgnoreUnknown=1;COLOR=red green'],
      ['PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
      ['NODE_OPTIONS', '--max-old-space-size=99'],
      ['LD_LIBRARY_PATH', '/nowhere'],
      ['EMPTY', ''],
    ];
    const pairs = variables.map(([key, value]) => `${key}=${value}`);
    host.sh('touch /run/inherited');
    // A runtime that forgot to close a file of its own.
    const { status } = host.run(
      ['sh', '-c', 'exec 7</run/inherited; exec "$@"', 'sh', 'env', '-i', ...pairs, bridge],
      {
        input: text,
      },
    );
    expect(status).toBe(0);
    expect(host.sh('cat /run/environ').split('\0').filter(Boolean).sort()).toEqual(pairs.sort());
    expect(host.sh('cat /run/stdin')).toBe(text);
    expect(host.sh('cat /run/cwd').trim()).toBe('/');
    // Nothing of ours, and nothing that the runtime left open; ls adds a directory.
    const targets = (list: string): string[] =>
      [...list.matchAll(/ (\d+) -> (.*)$/gm)].flatMap(([, fd, to = '']) =>
        Number(fd) < 3 || /^\/proc\/\d+\/fd$/.test(to) ? [] : [to],
      );
    const surroundings = targets(host.sh('ls -l /proc/self/fd'));
    expect(targets(host.sh('cat /run/files')).filter((to) => !surroundings.includes(to))).toEqual([]);
  });

  test('that leaves its stdin unread works too, however long that is', () => {
    script(`echo '${answer}'`);
    const result = add(host, bridge, { conf: { ...conf, more: 'a'.repeat(1_000_000) }, env });
    expect(result.ips[0]?.address).toBe('10.15.20.77/24');
  });

  test('writes to our stderr, and nothing of that gets to stdout', () => {
    script(`echo "log of $CNI_COMMAND" >&2; [ $CNI_COMMAND = DEL ] || echo '${answer}'`);
    const added = call(host, bridge, 'ADD', { conf, env });
    expect([added.status, added.stderr]).toEqual([0, 'log of ADD\n']);
    expect(JSON.parse(added.stdout)).toMatchObject({ ips: [{ address: '10.15.20.77/24' }] });
    expect(call(host, bridge, 'DEL', { conf, env })).toEqual({
      status: 0,
      stdout: '',
      stderr: 'log of DEL\n',
    });
  });

  test('is called for every command, with the unchanged configuration', () => {
    script(`cat >/run/stdin.$CNI_COMMAND; [ $CNI_COMMAND != ADD ] || echo '${answer}'`);
    const prevResult = add(host, bridge, { conf, env });
    const requests: [string, object][] = [
      ['CHECK', { ...conf, prevResult }],
      ['STATUS', conf],
      ['GC', { ...conf, 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] }],
      ['DEL', { ...conf, prevResult }],
    ];
    for (const [command, request] of requests) {
      expect(call(host, bridge, command, { conf: request, env })).toMatchObject({ status: 0, stdout: '' });
      expect(host.json(`cat /run/stdin.${command}`)).toEqual(request);
    }
    expect(called()).toEqual(['ADD', 'CHECK', 'STATUS', 'GC', 'DEL']);
    expect(host.sh('nft list ruleset; ip -o link show type veth')).toBe('');
  });

  test.each([
    ['CHECK', 999],
    ['DEL', 999],
    ['GC', 999],
    ['STATUS', 50],
  ])('that fails at %s: its error with its code, else %i', (command, code) => {
    const fails = (body: string) => `[ $CNI_COMMAND = ${command} ] || exec echo '${answer}'\n${body}`;
    script(fails(`echo '{"code": 123, "msg": "not now", "details": "pool"}'; exit 1`));
    const request = { conf: { ...conf, ...valid, prevResult: add(host, bridge, { conf, env }) }, env };
    const before = host.snapshot('c1');
    expect(failure(host, bridge, command, request)).toMatchObject({
      code: 123,
      msg: 'not now',
      details: 'pool',
    });
    if (command === 'DEL' || command === 'GC') {
      // The bridge's own things are cleaned up nevertheless.
      expect(host.sh('nft list ruleset; ip -o link show type veth')).toBe('');
    } else {
      expect(host.snapshot('c1')).toBe(before);
    }
    script(fails('exit 3'));
    expect(failure(host, bridge, command, request).code).toBe(code);
  });

  test('static gives the address, in every version; ADD, CHECK and DEL go through it', () => {
    const ipam = {
      type: 'static',
      addresses: [{ address: '10.15.20.77/24', gateway: '10.15.20.1' }, { address: 'fd00:15::77/64' }],
      routes: [{ dst: '198.51.100.0/24', gw: '10.15.20.254' }],
      dns: { nameservers: ['10.15.20.1'] },
    };
    const path = { CNI_PATH: `/nowhere:${reference}` };
    host.sh(
      'ip link add lab-br1 address 02:15:20:00:00:01 type bridge && ip link set lab-br1 up && ip addr add 10.15.20.1/24 dev lab-br1',
    );
    host.sh(
      'ip addr add fd00:15::1/64 dev lab-br1 nodad; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    );
    host.sh('sysctl -qw net.ipv6.conf.lab-br1.accept_ra=0');
    const before = host.snapshot('c1');
    for (const cniVersion of ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
      const fixed = { ...article, cniVersion, ipam };
      const prevResult = add(host, bridge, { conf: fixed, env: path });
      expect(prevResult.ips.map(({ address, gateway }) => [address, gateway])).toEqual([
        ['10.15.20.77/24', '10.15.20.1'],
        ['fd00:15::77/64', 'fd00:15::1'],
      ]);
      expect(prevResult).toMatchObject({ cniVersion, routes: ipam.routes, dns: ipam.dns });
      host.sh('ping -c 1 -W 5 10.15.20.77 && ping -c 1 -W 5 fd00:15::77');
      const again = { conf: { ...fixed, prevResult }, env: path };
      if (cniVersion !== '0.3.1') expect(call(host, bridge, 'CHECK', again)).toMatchObject({ status: 0 });
      if (cniVersion === '1.1.0') {
        expect(call(host, bridge, 'STATUS', again)).toMatchObject({ status: 0, stdout: '' });
        const kept = { ...fixed, 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] };
        expect(call(host, bridge, 'GC', { conf: kept, env: path })).toMatchObject({ status: 0, stdout: '' });
      }
      del(host, bridge, again);
      expect(host.snapshot('c1')).toBe(before);
    }
  });
});
