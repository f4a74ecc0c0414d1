import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { executables } from '../support/cni.ts';
import { asVersion, binDir, conflist, onNode, pods, whatIsThere } from '../support/install.ts';
import { useHost } from '../support/use-host.ts';

const log = `${tmpdir()}/strace-install-${process.pid}`;
afterEach(() => rmSync(log, { force: true }));

/** Calls that change something on the disk; dying at any other is dying at the next of these. */
const changes = /^(mkdir|link|rename|unlink|symlink|write|fchmod|fsync|flock|openat\(.*O_CREAT|exit)/;

describe.each(executables.filter(([name]) => !name.includes('pkg')))('%s is killed', (_name, executable) => {
  const host = useHost();
  const words = ['install', '--conflist', '/run/pods.conflist', '--pod-cidr', '10.244.1.0/24'];

  /** The moments at which a command changes something: the call's name, and how many of that name there were. */
  function moments(program: string, command: readonly string[]): [string, number][] {
    expect(onNode(host, program, command, ['strace', '-o', log]).status).toBe(0);
    const counts = new Map<string, number>();
    return readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line): [string, number][] => {
        const name = line.slice(0, line.indexOf('('));
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        return changes.test(line) ? [[name, count]] : [];
      });
  }

  const dieAt = ([name, count]: [string, number], program: string, command: readonly string[]) =>
    onNode(host, program, command, [
      'strace',
      '-o',
      '/dev/null',
      '-e',
      `inject=${name}:signal=KILL:when=${count}`,
    ]).status === null;

  /** Which of these is at a name, byte for byte; undefined for none. */
  function identify(name: string, candidates: Readonly<Record<string, string>>): string | undefined {
    return Object.entries(candidates).find(
      ([, file]) => host.run(['cmp', '-s', `${binDir}/${name}`, file]).status === 0,
    )?.[0];
  }

  /** A node with the Go plugins, as the test begins each time. */
  function prepare(): string {
    host.sh(`rm -rf /run/node && mkdir -p ${binDir} /run/others && cd /run/others
      echo 'other bridge' >bridge; echo 'other host-local' >host-local; chmod 755 *; cp -p * ${binDir}`);
    host.run(['sh', '-c', 'cat >/run/pods.conflist'], { input: JSON.stringify(pods) });
    return whatIsThere(host);
  }

  /** Expects the others' network to be absent or whole. */
  function expectWholeNetwork(): void {
    const { status, stdout } = host.run(['cat', conflist]);
    if (status === 0)
      expect(JSON.parse(stdout).plugins[0].ipam.ranges).toEqual([[{ subnet: '10.244.1.0/24' }]]);
  }

  test('at each system call of a first install: the node has the old plugins or ours, and goes on either way', () => {
    const files = { ours: executable, others: '/run/others/bridge' };
    const before = prepare();
    const times = moments(executable, words);
    expect(times.length).toBeGreaterThan(30);
    for (const [n, moment] of times.entries()) {
      prepare();
      expect(dieAt(moment, executable, words)).toBe(true);
      const found = identify('bridge', files);
      expect(['ours', 'others']).toContain(found);
      // A link to the executable is there only once that is ours.
      const hostLocal = identify('host-local', { ours: executable, others: '/run/others/host-local' });
      expect(found === 'ours' ? ['ours', 'others'] : ['others']).toContain(hostLocal);
      expectWholeNetwork();
      if (n % 2 === 0) {
        expect(onNode(host, executable, words)).toMatchObject({ status: 0, stderr: '' });
        expect(identify('host-local', files)).toBe('ours');
      }
      expect(onNode(host, executable, ['uninstall'])).toMatchObject({ status: 0, stderr: '' });
      expect(whatIsThere(host)).toBe(before);
    }
  }, 600_000);

  test('at each system call of an upgrade: the node has the old version or the new one', () => {
    const older = asVersion(host, executable, '0.1.9');
    const start = () => {
      const before = prepare();
      expect(onNode(host, older, words)).toMatchObject({ status: 0 });
      return before;
    };
    const before = start();
    for (const moment of moments(executable, words)) {
      start();
      expect(dieAt(moment, executable, words)).toBe(true);
      expect(['old', 'new']).toContain(identify('bridge', { old: older, new: executable }));
      expectWholeNetwork();
      expect(onNode(host, executable, words)).toMatchObject({ status: 0, stderr: '' });
      expect(identify('loopback', { new: executable })).toBe('new');
      expect(onNode(host, executable, ['uninstall'])).toMatchObject({ status: 0, stderr: '' });
      expect(whatIsThere(host)).toBe(before);
    }
  }, 600_000);

  test('at each system call of an uninstall: another finishes it, or an install brings ours back', () => {
    const start = () => {
      const before = prepare();
      expect(onNode(host, executable, words)).toMatchObject({ status: 0 });
      return before;
    };
    const before = start();
    for (const [n, moment] of moments(executable, ['uninstall']).entries()) {
      start();
      expect(dieAt(moment, executable, ['uninstall'])).toBe(true);
      const files = { ours: executable, others: '/run/others/bridge' };
      expect(['ours', 'others']).toContain(identify('bridge', files));
      expectWholeNetwork();
      if (n % 2 === 0) {
        expect(onNode(host, executable, words)).toMatchObject({ status: 0, stderr: '' });
        expect(identify('loopback', files)).toBe('ours');
      }
      expect(onNode(host, executable, ['uninstall'])).toMatchObject({ status: 0, stderr: '' });
      expect(whatIsThere(host)).toBe(before);
    }
  }, 600_000);
});
