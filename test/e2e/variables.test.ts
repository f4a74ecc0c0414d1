import { articleAs } from '../support/article.ts';
import { add, call, del } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { shareHost } from '../support/use-host.ts';
import { describeStatic } from './support/static.ts';

const conf = {
  ...articleAs('1.0.0'),
  macspoofchk: true,
};

/** Variables that a linker, a C library, a sanitizer or a runtime may obey. */
const variables: [string, string][] = [
  ['LD_PRELOAD', '/run/evil/evil.so'],
  ['LD_AUDIT', '/run/evil/evil.so'],
  ['LD_LIBRARY_PATH', '/run/evil'],
  ['LD_BIND_NOW', '1'],
  ['LD_DEBUG', 'all'],
  ['LD_DEBUG_OUTPUT', '/run/evil/debug'],
  ['LD_ORIGIN_PATH', '/run/evil'],
  ['LD_PROFILE', 'libc.so.6'],
  ['LD_PROFILE_OUTPUT', '/run/evil'],
  ['LD_SHOW_AUXV', '1'],
  ['LD_TRACE_LOADED_OBJECTS', '1'],
  ['LD_WARN', '1'],
  ['LIBC_FATAL_STDERR_', '1'],
  [
    'GLIBC_TUNABLES',
    'glibc.malloc.check=3:glibc.malloc.mmap_threshold=1:glibc.rtld.optional_static_tls=9999999',
  ],
  ['MALLOC_ARENA_MAX', '1'],
  ['MALLOC_CHECK_', '3'],
  ['MALLOC_CONF', 'stats_print:true'],
  ['MALLOC_MMAP_THRESHOLD_', '1'],
  ['MALLOC_PERTURB_', '165'],
  ['MALLOC_TOP_PAD_', '99999999'],
  ['MALLOC_TRACE', '/run/evil/trace'],
  ['MIMALLOC_VERBOSE', '1'],
  ['MIMALLOC_SHOW_STATS', '1'],
  ['GCONV_PATH', '/run/evil'],
  ['GETCONF_DIR', '/run/evil'],
  ['HOSTALIASES', '/run/evil/evil.cjs'],
  ['LANG', 'evil.EVIL'],
  ['LANGUAGE', 'evil'],
  ['LC_ALL', 'evil.EVIL'],
  ['LOCALDOMAIN', 'evil'],
  ['LOCPATH', '/run/evil'],
  ['NLSPATH', '/run/evil/%N'],
  ['OUTPUT_CHARSET', 'EVIL'],
  ['POSIXLY_CORRECT', '1'],
  ['RESOLV_HOST_CONF', '/run/evil/evil.cjs'],
  ['RES_OPTIONS', 'debug'],
  ['TZ', ':/run/evil/zone'],
  ['TZDIR', '/run/evil'],
  ['TMPDIR', '/run/evil'],
  ['HOME', '/run/evil'],
  ['XDG_CACHE_HOME', '/run/evil'],
  ['XDG_CONFIG_HOME', '/run/evil'],
  ['OPENSSL_CONF', '/run/evil/openssl.cnf'],
  ['SSLKEYLOGFILE', '/run/evil/keys'],
  ['QUICKJS_HOME', '/run/evil'],
  ['QUICKJS_PATH', '/run/evil'],
  ['QJS_MODULE_PATH', '/run/evil'],
  ['QJS_OPTIONS', '--include /run/evil/evil.cjs'],
  ['NODE_OPTIONS', '--require /run/evil/evil.cjs'],
  ['NODE_PATH', '/run/evil/node_modules'],
  ['NODE_V8_COVERAGE', '/run/evil'],
  ['NODE_COMPILE_CACHE', '/run/evil'],
  ['NODE_CHANNEL_FD', '0'],
  ['ASAN_OPTIONS', 'log_path=/run/evil/log:help=1'],
  ['UBSAN_OPTIONS', 'log_path=/run/evil/log:help=1'],
  ['GCOV_PREFIX', '/run/evil'],
  ['LLVM_PROFILE_FILE', '/run/evil/profile'],
  ['GMON_OUT_PREFIX', '/run/evil/gmon'],
  ['BASH_ENV', '/run/evil/evil.sh'],
  ['ENV', '/run/evil/evil.sh'],
  ['IFS', '/'],
  ['__proto__', 'evil'],
  ['constructor', 'evil'],
];

/** A library that leaves a trace if it is loaded, as a preload or as an auditor. */
const library = `
#include <fcntl.h>
unsigned la_version(unsigned version) { return version; }
__attribute__((constructor)) static void run(void) { open("/run/ran", O_CREAT | O_WRONLY, 0600); }`;

describeStatic('what variables do to %s: nothing', (_name, bridge) => {
  const host = shareHost('c1');
  beforeAll(() => {
    host.sh(`mkdir /run/evil && cd /run/evil
      echo 'require("node:fs").writeFileSync("/run/ran", "")' >evil.cjs
      echo ': >/run/ran' >evil.sh
      printf 'module EVIL// INTERNAL evil 1\\nmodule INTERNAL EVIL// evil 1\\n' >gconv-modules
      printf 'nodejs_conf = a\\nopenssl_conf = a\\n[a]\\nengines = b\\n[b]\\nc = d\\n[d]\\ndynamic_path = /run/evil/evil.so\\n' >openssl.cnf
      printf '%s' '${library}' | cc -shared -fPIC -x c -o evil.so -
      cp evil.so libc.so.6`);
  });

  const hasRun = (): boolean => host.run(['test', '-e', '/run/ran']).status === 0;

  /** The system calls of a command, from its first on. */
  function traced(command: string, environment: readonly [string, string][], input = ''): string[] {
    const all = [['CNI_COMMAND', command], ...environment].map(([name, value]) => `${name}=${value}`);
    const argv = ['strace', '-o', '/run/trace', ...['PATH', ...all].flatMap((one) => ['-E', one]), bridge];
    expect(host.run(argv, { input }).status).toBe(0);
    const [start, ...calls] = host.sh('cat /run/trace').trimEnd().split('\n');
    expect([start, calls.at(-1)]).toEqual([expect.stringContaining('execve'), '+++ exited with 0 +++']);
    return calls;
  }

  /** A VERSION's system calls, without addresses. */
  const versionWith = (environment: readonly [string, string][]): string[] =>
    traced('VERSION', environment).map((line) => `${/^\w+/.exec(line)?.[0]} ${/".*"/.exec(line)?.[0] ?? ''}`);

  test.each(variables)('%s=%s: VERSION makes the system calls that it makes without', (name, value) => {
    expect(versionWith([[name, value]])).toEqual(versionWith([]));
  });

  test('a preloaded library that is run in other programs is not run in this one', () => {
    host.run(['/bin/true'], { env: { LD_PRELOAD: '/run/evil/evil.so' } });
    expect(hasRun()).toBe(true);
    host.sh('rm /run/ran');
    lifeWith({ LD_PRELOAD: '/run/evil/evil.so', LD_AUDIT: '/run/evil/evil.so' });
    expect(hasRun()).toBe(false);
  });

  test('all of them at once: ADD, CHECK and DEL do and say the same, and run and write nothing', () => {
    const before = host.sh('ls -A /run/evil');
    const plain = lifeWith({});
    expect(lifeWith(Object.fromEntries(variables))).toEqual(plain);
    expect(host.sh('ls -A /run/evil')).toBe(before);
    expect(hasRun()).toBe(false);
  });

  /** The output of ADD, CHECK and DEL, without what is random. */
  function lifeWith(env: Readonly<Record<string, string>>): string[] {
    const prevResult = add(host, bridge, { conf, env });
    const request = { conf: { ...conf, prevResult }, env };
    const said = (one: Outcome) => [one.status, one.stdout, one.stderr].join();
    const check = said(call(host, bridge, 'CHECK', request));
    del(host, bridge, request);
    host.sh('ip link del lab-br1; rm -r /var/lib/cni/networks');
    return [JSON.stringify({ ...prevResult, interfaces: prevResult.interfaces.length }), check];
  }

  const outward = /^(open|creat|\w*stat|access|faccessat|socket|connect|clone|v?fork|exec|chdir)/;

  test('VERSION opens no file and no socket, and runs nothing', () => {
    expect(traced('VERSION', []).filter((line) => outward.test(line))).toEqual([]);
  });

  test('an ADD opens no file before it has read its configuration', () => {
    const calls = traced(
      'ADD',
      [
        ['CNI_CONTAINERID', 'c1'],
        ['CNI_NETNS', '/run/netns/c1'],
        ['CNI_IFNAME', 'eth0'],
        ['CNI_PATH', '/'],
      ],
      JSON.stringify(conf),
    );
    const start = calls.slice(
      0,
      calls.findIndex((line) => line.startsWith('read(0,')),
    );
    expect(start).not.toEqual([]);
    expect(start.filter((line) => outward.test(line))).toEqual([]);
  });
});
