import { spawn } from 'node:child_process';
import manifest from '../../package.json' with { type: 'json' };
import { executables } from '../support/cni.ts';
import { outcomeOf } from '../support/host.ts';
import { answering, asVersion, binDir, nodeFiles, onNode, whatIsThere } from '../support/install.ts';
import { useHost } from '../support/use-host.ts';

const names = ['bridge', 'cni-bridge', 'host-local', 'loopback'];
const ours = `CNI bridge plugin v${manifest.version}`;

describe.each(executables)('cni-bridge install and uninstall, with %s', (_name, executable) => {
  const host = useHost();
  const node = (...words: string[]) => onNode(host, executable, words);
  /** The Go plugins, as a distribution has them, and a plugin that is nobody's here. */
  const putOthers = () =>
    host.sh(`mkdir -p ${binDir} && cd ${binDir} && for name in bridge host-local; do
      printf '#!/bin/sh\\necho "the other $0"\\n' >$name; chmod 755 $name; done; echo x >portmap; ln -s portmap loopback`);

  test('on an empty node: the names are there, and gone again', () => {
    const first = node('install');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(new RegExp(`^${binDir}: bridge ${manifest.version}\\S* is in place\n$`));
    expect(host.sh(`ls ${binDir}`).trim().split('\n')).toEqual(names);
    expect(answering(host, 'bridge')).toContain(ours);
    expect(answering(host, 'host-local')).toContain('CNI host-local plugin');
    expect(host.sh(`stat -c '%a %F' ${binDir}/bridge`).trim()).toBe('755 regular file');
    expect(node('uninstall')).toEqual({ status: 0, stdout: `${binDir} has nothing of ours\n`, stderr: '' });
    expect(host.sh(`ls -A ${binDir}`)).toBe('');
    expect(node('uninstall').stdout).toBe(`nothing was installed by cni-bridge in ${binDir}\n`);
  });

  test('what was there is kept, and given back to the byte; the rest is not touched', () => {
    putOthers();
    const before = nodeFiles(host).split('\n').slice(2);
    expect(node('install').stdout).toContain(
      'bridge, host-local, loopback of others kept, which `cni-bridge uninstall` gives back',
    );
    for (const name of ['bridge', 'host-local', 'loopback'])
      expect(answering(host, name)).toContain(`CNI ${name} plugin v${manifest.version}`);
    node('install');
    expect(node('uninstall')).toEqual({
      status: 0,
      stdout: `${binDir} has bridge, host-local, loopback of others, and nothing of ours\n`,
      stderr: '',
    });
    expect(nodeFiles(host).split('\n').slice(2)).toEqual(before);
  });

  test('a link of the same kind as ours is given back, too', () => {
    host.sh(`mkdir -p ${binDir} && cd ${binDir} && echo theirs >bridge && ln -s bridge host-local`);
    const before = whatIsThere(host);
    node('install');
    node('uninstall');
    expect(whatIsThere(host)).toBe(before);
  });

  test('doing it again changes nothing', () => {
    putOthers();
    node('install');
    const before = nodeFiles(host);
    expect(node('install')).toMatchObject({ status: 0, stderr: '' });
    expect(nodeFiles(host)).toBe(before);
  });

  test('whatever the umask, everybody may run it', () => {
    const { status } = onNode(host, executable, ['install'], ['sh', '-c', 'umask 077 && exec "$@"', 'sh']);
    expect([status, host.sh(`stat -c %a ${binDir}/bridge`)]).toEqual([0, '755\n']);
  });

  test('what others put there since is kept as well, and is left alone by uninstall', () => {
    putOthers();
    node('install');
    host.sh(`cd ${binDir} && rm bridge && echo newer >bridge`);
    node('install');
    expect(answering(host, 'bridge')).toContain(ours);
    host.sh(`cd ${binDir} && rm loopback && echo 'their own' >loopback`);
    const { status, stderr } = node('uninstall');
    expect([status, stderr]).toEqual([
      0,
      `loopback in ${binDir}: put there by others since, and left to them\n`,
    ]);
    expect(host.sh(`cd ${binDir} && cat bridge loopback`)).toBe('newer\ntheir own\n');
    expect(host.sh(`ls -A ${binDir}`)).not.toContain('.cni-bridge');
  });

  test('in a directory that make install filled, uninstall before any install touches nothing', () => {
    host.sh(`mkdir -p ${binDir} && cp ${executable} ${binDir}/bridge && ln -s bridge ${binDir}/host-local`);
    host.sh(`mkdir ${binDir}/.cni-bridge`);
    const before = whatIsThere(host).replace(/.*\.cni-bridge.*\n/, '');
    expect(node('uninstall').status).toBe(0);
    expect(whatIsThere(host)).toBe(before);
  });

  test.each([
    ['read-only', 'ro', /EROFS/],
    ['full', 'size=1m', /ENOSPC/],
  ])(
    'a directory that is %s: nothing changes, and the last line says what the node has',
    (_what, option, errno) => {
      host.sh(`mkdir -p ${binDir} && mount -t tmpfs -o ${option === 'ro' ? 'rw' : option} none ${binDir}`);
      putOthers();
      if (option === 'ro') host.sh(`mount -o remount,ro ${binDir}`);
      const before = host.sh(`cd ${binDir} && md5sum *`);
      const { status, stdout, stderr } = node('install');
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(errno);
      expect(stderr).toMatch(/bridge, host-local, loopback of others, and nothing of ours\n$/);
      expect(host.sh(`cd ${binDir} && md5sum *`)).toBe(before);
      expect(host.sh(`df --output=used ${binDir} | tail -n 1`).trim()).toMatch(/^\d{1,2}$/);
    },
  );

  test('calls go on while it is installed over and over', async () => {
    node('install');
    const calls = spawn('nsenter', [
      ...host.entering,
      'sh',
      '-c',
      `n=0; until [ -e /run/enough ]; do for name in bridge host-local loopback; do
        CNI_COMMAND=VERSION ${binDir}/$name </dev/null >/dev/null || echo $name; n=$((n + 1)); done; done; echo $n`,
    ]);
    const outcome = outcomeOf(calls);
    for (let i = 0; i < 5; i++) {
      // Each comes as if it were the first.
      host.sh(`rm -rf ${binDir}/.cni-bridge`);
      expect(node('install').status).toBe(0);
    }
    host.sh('touch /run/enough');
    expect((await outcome).stdout).toMatch(/^\d+\n$/);
  });
});

describe.each(executables.filter(([name]) => !name.includes('pkg')))(
  'versions, with %s',
  (_name, executable) => {
    const host = useHost();

    test('an older one is replaced and kept, and comes back; a newer one as well', () => {
      const [older, newer] = ['0.1.9', '9.9.9'].map((version) => asVersion(host, executable, version));
      onNode(host, older ?? '', ['install']);
      expect(answering(host, 'bridge')).toContain('v0.1.9');
      expect(onNode(host, executable, ['install']).stdout).toMatch(
        /is in place of 0\.1\.9\S*, an older version, which `cni-bridge install --previous` brings back\n$/,
      );
      expect(answering(host, 'bridge')).toContain(ours);
      expect(onNode(host, executable, ['install', '--previous']).status).toBe(0);
      expect(answering(host, 'bridge')).toContain('v0.1.9');
      expect(onNode(host, newer ?? '', ['install']).status).toBe(0);
      expect(onNode(host, executable, ['install']).stdout).toMatch(/in place of 9\.9\.9\S*, a newer version/);
      // The one before alone is kept.
      expect(host.sh(`ls ${binDir}/.cni-bridge/versions`).trim().split('\n')).toHaveLength(2);
      onNode(host, executable, ['uninstall']);
      expect(host.sh(`ls -A ${binDir}`)).toBe('');
    });

    test('without an earlier one --previous fails, and the node keeps what it has', () => {
      onNode(host, executable, ['install']);
      const { status, stderr } = onNode(host, executable, ['install', '--previous']);
      expect(status).toBe(1);
      expect(stderr).toMatch(/no previous version is kept .*\n.* has bridge \S+\n$/);
    });

    test('several at once: each succeeds, and one of them is there, whole', async () => {
      const all = ['0.1.8', '0.1.9', '9.9.9'].map((version) => asVersion(host, executable, version));
      const running = [...all, ...all, ...all].map((one) => {
        const program = one.replace(/bridge$/, 'cni-bridge');
        return outcomeOf(spawn('nsenter', [...host.entering, program, 'install', '--bin-dir', binDir]));
      });
      for (const { status, stderr } of await Promise.all(running)) expect([status, stderr]).toEqual([0, '']);
      expect(host.sh(`ls ${binDir}`).trim().split('\n')).toEqual(names);
      const [, version] = /v(\d\.\d\.\d)/.exec(answering(host, 'bridge')) ?? [];
      expect(host.sh(`cmp ${binDir}/bridge /run/${version}/bridge`)).toBe('');
      onNode(host, executable, ['uninstall']);
      expect(host.sh(`ls -A ${binDir}`)).toBe('');
    });
  },
);

describe.each(executables.filter(([name]) => !name.includes('pkg')))(
  '--stay, with %s',
  (_name, executable) => {
    const host = useHost();
    const program = executable.replace(/bridge$/, 'cni-bridge');
    const asFirst = ['unshare', '--pid', '--fork', '--mount-proc'];
    const stay = `${program} install --bin-dir ${binDir} --stay`;

    test.each([
      ['an ordinary process', []],
      ['process 1', asFirst],
    ])('%s ends by SIGTERM and by SIGINT, with 0', async (_what, under) => {
      for (const signal of ['TERM', 'INT']) {
        const child = spawn('nsenter', [...host.entering, ...under, ...stay.split(' ')]);
        const outcome = outcomeOf(child);
        await new Promise((resolve) => child.stdout.once('data', resolve));
        // nsenter becomes the program, or unshare, whose child it is.
        const pid = under.length === 0 ? child.pid : host.sh(`cat /proc/${child.pid}/task/*/children`).trim();
        process.kill(Number(pid), `SIG${signal}`);
        expect(await outcome).toMatchObject({ status: 0, stderr: '' });
      }
    });

    test('a signal that comes while it installs is not lost, nor does it stop in the middle', () => {
      const traced = `strace -f -o /dev/null -e inject=fsync:signal=TERM:when=1 ${stay}`;
      expect(host.run([...asFirst, ...traced.split(' ')])).toMatchObject({ status: 0 });
      expect(answering(host, 'loopback')).toContain('CNI loopback plugin');
    });
  },
);
