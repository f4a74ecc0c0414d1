import { articleText as conf } from '../support/article.ts';
import { executables } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { setAlternatives, writeProgram } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const request =
  'CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/run/path PATH=/usr/sbin:/usr/bin:/sbin:/bin';

/** Variables that Node or its libraries obey; an executable without Node obeys none (variables.test.ts). */
const variables: [string, string][] = [
  ['NODE_OPTIONS', '--require /run/evil/evil.cjs'],
  ['NODE_PATH', '/run/evil/node_modules'],
  ['NODE_EXTRA_CA_CERTS', '/run/evil/evil.cjs'],
  ['NODE_V8_COVERAGE', '/run/evil'],
  ['NODE_COMPILE_CACHE', '/run/evil'],
  ['NODE_REPL_EXTERNAL_MODULE', '/run/evil/evil.cjs'],
  ['NODE_REDIRECT_WARNINGS', '/run/evil/warnings'],
  ['NODE_CHANNEL_FD', '0'],
  ['OPENSSL_CONF', '/run/evil/openssl.cnf'],
  ['PKG_EXECPATH', 'PKG_INVOKE_NODEJS'],
  ['PKG_NATIVE_CACHE_PATH', '/run/evil'],
  ['TMPDIR', '/run/evil'],
  ['HOME', '/run/evil'],
  ['XDG_CONFIG_HOME', '/run/evil'],
  ['XDG_CACHE_HOME', '/run/evil'],
];

describe.each(executables)('the hostile surroundings of %s', (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    // Running or reading any of these leaves a trace.
    host.sh(`mkdir -p /run/path /run/evil/node_modules/ffi-napi && cd /run/evil
      echo 'require("node:fs").writeFileSync("/run/ran", "")' >evil.cjs
      for f in evil.ts index.js node_modules/ffi-napi/index.js; do cp evil.cjs $f; done
      echo CNI_IFNAME=evil0 | tee .env .env.local .env.production >/dev/null
      echo '{"type":"module","imports":{"#libc":"./evil.cjs"}}' >package.json
      echo '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}' >tsconfig.json
      printf 'nodejs_conf = a\\nopenssl_conf = a\\n[a]\\nengines = b\\n[b]\\nc = d\\n[d]\\ndynamic_path = /run/evil/none.so\\n' >openssl.cnf`);
  });

  /** Calls the plugin from the hostile directory; the command may be prefixed, as by strace. */
  function call(command: string, { env = '', prefix = '', input = conf } = {}): Outcome {
    const line = `cd /run/evil && exec env -i ${request} CNI_COMMAND=${command} ${env} ${prefix} ${bridge}`;
    return host.run(['sh', '-c', line], { input });
  }

  const directory = () => host.sh('ls -A /run/evil');

  test.each(variables)('%s=%s changes nothing', (name, value) => {
    const before = directory();
    const { status, stdout, stderr } = call('ADD', { env: `'${name}=${value}'` });
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).ips[0].address).toBe('10.15.20.2/24');
    expect(directory()).toBe(before);
    expect(host.run(['test', '-e', '/run/ran']).status).toBe(1);
  });

  test('nothing is read from the working directory or HOME', () => {
    const { status } = call('ADD', {
      env: 'HOME=/run/evil XDG_CONFIG_HOME=/run/evil',
      prefix: 'strace -f -o /run/trace -e trace=file,execve',
    });
    expect(status).toBe(0);
    const paths = host
      .sh(`sed 's/^[0-9]* *//' /run/trace | grep -v '^getcwd\\|^chdir\\|^execve' || true`)
      .split('\n');
    expect(paths.filter((line) => line.includes('/run/evil'))).toEqual([]);
    expect(paths.filter((line) => /^\w+\((AT_FDCWD, )?"[^/"]/.test(line))).toEqual([]);
  });

  test('every descriptor that it opens is closed, also when an ADD fails', () => {
    const prefix = 'strace -o /run/trace -e trace=desc,network';
    expect(call('ADD', { prefix }).status).toBe(0);
    expect(leftOpen(host.sh('cat /run/trace'))).toEqual([]);
    expect(call('DEL', { prefix }).status).toBe(0);
    expect(leftOpen(host.sh('cat /run/trace'))).toEqual([]);
    host.sh('mount -o remount,ro /var/lib/cni');
    expect(call('ADD', { prefix }).status).toBe(1);
    expect(leftOpen(host.sh('cat /run/trace'))).toEqual([]);
  });

  test('a delegate gets its standard streams and no other descriptor', () => {
    host.sh(`printf '#!/bin/sh\\nexec ls /proc/self/fd\\n' >/run/path/odd && chmod 755 /run/path/odd`);
    const input = JSON.stringify({ ...JSON.parse(conf), ipam: { type: 'odd' } });
    const line = `exec env -i ${request} CNI_COMMAND=ADD ${bridge} 9>/run/a 99>/run/b`;
    const { stdout } = host.run(['bash', '-c', line], { input });
    // The last is the directory that ls reads.
    expect(JSON.parse(stdout).details).toContain(JSON.stringify('0\n1\n2\n3\n'));
  });

  test('iptables-restore gets its standard streams and no other descriptor', () => {
    writeProgram(host, '/run/restore', 'ls /proc/self/fd >&2; exit 1');
    setAlternatives(host, { 'iptables-restore': '/run/restore' });
    const input = JSON.stringify({ ...JSON.parse(conf), ipMasq: true, ipMasqBackend: 'iptables' });
    const line = `exec env -i ${request} PATH=/usr/bin:/bin CNI_COMMAND=ADD ${bridge} 9>/run/a 99>/run/b`;
    const { stdout } = host.run(['bash', '-c', line], { input });
    // The last is the directory that ls reads.
    expect(JSON.parse(stdout).details).toBe('exit status 1: 0; 1; 2; 3');
  });

  test.each(['000', '022', '077'])(
    'with umask %s the directory of leases is 0755 and a lease 0600',
    (umask) => {
      const line = `umask ${umask}; exec env -i ${request} CNI_COMMAND=ADD ${bridge}`;
      expect(host.run(['sh', '-c', line], { input: conf }).status).toBe(0);
      const modes = host.sh(
        'cd /var/lib/cni/networks && stat -c "%a %n" . lab-br1 lab-br1/10.15.20.2 lab-br1/lock',
      );
      const directories = umask === '077' ? '700' : '755';
      expect(modes.trim().split('\n')).toEqual([
        `${directories} .`,
        `${directories} lab-br1`,
        '600 lab-br1/10.15.20.2',
        '600 lab-br1/lock',
      ]);
    },
  );
});

/** The descriptors that a trace opens after reading standard input and never closes. */
function leftOpen(trace: string): string[] {
  const open = new Map<string, string>();
  let isOwn = false;
  for (const line of trace.split('\n')) {
    if (line.startsWith('read(0,')) isOwn = true;
    const [, name, rest = ''] = /^(\w+)\((.*)$/.exec(line) ?? [];
    const [, result] = / = (\d+)(?: |$)/.exec(rest) ?? [];
    if (name === 'close') open.delete(/^\d+/.exec(rest)?.[0] ?? '');
    // Node's, and the addons in memory: open as long as the process is there.
    else if (/"\/dev\/null"|O_TMPFILE/.test(rest)) continue;
    else if (isOwn && ['open', 'openat', 'socket'].includes(name ?? '') && result !== undefined) {
      open.set(result, line);
    }
  }
  return [...open.values()];
}
