import { articleAs } from '../support/article.ts';
import { add, type Call, call, del, ending } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';
import { describeStatic } from './support/static.ts';

const article = articleAs('1.0.0');
/** What makes the plugin's stack deepest: both families, masquerading, spoofing, routes. */
const conf = {
  ...article,
  isDefaultGateway: true,
  macspoofchk: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15::/64' }]] },
};

/** What an ADD and its DEL leave. */
const takeBack = `ip link del lab-br1 2>/dev/null; rm -rf /var/lib/cni/networks
  sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0`;

describeStatic('all that %s needs', (_name, bridge) => {
  const host = useHost('c1');

  test('is in it', () => {
    expect(host.sh(`file ${bridge}`)).toContain('statically linked');
  });

  /** ADD, CHECK and DEL that succeed under another program; returns the ADD's addresses. */
  function life(executable: string, request: Call): string[] {
    const result = add(host, executable, request);
    const again = { ...request, conf: { ...conf, prevResult: result } };
    expect(call(host, executable, 'CHECK', again)).toEqual({ status: 0, stdout: '', stderr: '' });
    del(host, executable, again);
    return result.ips.map(({ address }) => address);
  }

  test.each([64, 72, 96, 256, 8192, 'unlimited'])('a stack of %s KiB is enough', (size) => {
    const under = ['sh', '-c', `ulimit -s ${size}; exec "$0"`];
    expect(call(host, bridge, 'VERSION', { conf: '', under }).status).toBe(0);
    expect(life(bridge, { conf, under })).toEqual(['10.15.20.2/24', 'fd00:15::2/64']);
  });

  test('a stack of 64 KiB is enough for other programs, and to say no to deep JSON', () => {
    const under = ['sh', '-c', 'ulimit -s 64; exec "$0"'];
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      for (const json of [deep, JSON.stringify(article).replace(/\}$/, `, "more": ${deep}}`)]) {
        for (const command of ['ADD', 'CHECK', 'DEL'])
          ending(call(host, bridge, command, { conf: json, under }));
      }
    }
    host.sh(`printf '#!/bin/sh\\necho "{\\\\"cniVersion\\\\": \\\\"1.0.0\\\\", \\\\"ips\\\\": [{\\\\"address\\\\": \\\\"10.15.20.9/24\\\\"}]}"\\n' >/run/scripted
      chmod 755 /run/scripted`);
    const request = { conf: { ...article, ipam: { type: 'scripted' } }, env: { CNI_PATH: '/run' }, under };
    expect(add(host, bridge, request).ips[0]?.address).toBe('10.15.20.9/24');
  });

  test('a stack of 64 KiB, of which the environment takes 30: an answer', () => {
    const env = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`VARIABLE${n}`, 'x'.repeat(20)]));
    const under = ['sh', '-c', 'ulimit -s 64; exec "$0"'];
    for (const command of ['VERSION', 'ADD', 'DEL'])
      ending(call(host, bridge, command, { conf, env, under }));
  });

  // From sizes that the kernel can't even start to one that is enough.
  const sizes = [256, 1024, 2048, 2304, 2560, 2816, 3072, 3328, 3584, 4096, 5120, 6144, 8192, 16384, 65536];
  test.each(sizes)('an address space of %i KiB: an answer, once it runs', (size) => {
    const before = host.snapshot('c1');
    const traced = ['strace', '-o', '/run/trace', 'prlimit', `--as=${size * 1024}:${size * 1024}`];
    for (const command of ['VERSION', 'STATUS', 'ADD', 'DEL']) {
      const request = { conf: { ...conf, cniVersion: '1.1.0' }, under: traced };
      const outcome = call(host, bridge, command, request);
      const [, own] = host.sh('cat /run/trace').split(`execve("${bridge}"`);
      if (!/^.* = 0$/m.test(own?.split('\n')[0] ?? '')) continue;
      if (ending(outcome) === 1 && command === 'ADD') expect(host.snapshot('c1')).toBe(before);
    }
    host.sh(takeBack);
  });

  test('memory that the kernel refuses, each time in turn: an answer, and an ADD that fails leaves nothing', () => {
    const before = host.snapshot('c1');
    for (const command of ['VERSION', 'ADD', 'CHECK', 'DEL']) {
      for (let when = 1, isReached = true; isReached; when++) {
        const under = ['strace', '-o', '/run/trace', '-e', `inject=mmap,brk:error=ENOMEM:when=${when}+`];
        if (ending(call(host, bridge, command, { conf, under })) === 1 && command === 'ADD') {
          expect(host.snapshot('c1')).toBe(before);
        }
        if (command === 'ADD') ending(call(host, bridge, 'DEL', { conf }));
        if (command === 'ADD') host.sh(takeBack);
        isReached = host.sh('cat /run/trace').includes('(INJECTED)');
      }
    }
  });

  test('16 MiB of address space are enough', () => {
    const under = ['prlimit', `--as=${16 * 1024 * 1024}`];
    expect(life(bridge, { conf, under })).toEqual(['10.15.20.2/24', 'fd00:15::2/64']);
  });

  describe('in a root directory with nothing in it', () => {
    beforeEach(() => {
      host.sh(`mkdir /run/root && cp ${bridge} /run/root/bridge`);
    });
    const under = ['/usr/sbin/chroot', '/run/root'];
    const mount = (...directories: string[]): string =>
      host.sh(
        directories.map((one) => `mkdir -p /run/root${one}; mount --rbind ${one} /run/root${one}`).join('\n'),
      );

    test('VERSION is answered, and an ADD refused in words', () => {
      const { status, stdout } = call(host, '/bridge', 'VERSION', { conf: '', under });
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toHaveProperty('supportedVersions');
      expect(ending(call(host, '/bridge', 'ADD', { conf, under }))).toBe(1);
    });

    test('but /proc: VERSION is answered, and an ADD refused in words', () => {
      mount('/proc');
      expect(call(host, '/bridge', 'VERSION', { conf: '', under }).status).toBe(0);
      expect(ending(call(host, '/bridge', 'ADD', { conf, under }))).toBe(1);
    });

    test('but /proc, the namespaces and the leases: ADD, CHECK and DEL', () => {
      mount('/proc', '/run/netns', '/var/lib/cni');
      expect(life('/bridge', { conf, under })).toEqual(['10.15.20.2/24', 'fd00:15::2/64']);
      expect(host.sh('nft list ruleset; ip -o link show type veth; find /var/lib/cni -name "10.*"')).toBe('');
    });
  });
});
