import { execFileSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { configure, network, places, runCli } from '../support/cli.ts';
import { add, executables } from '../support/cni.ts';
import { shareHost, useHost } from '../support/use-host.ts';

describe.each(executables)('cni-bridge beside %s', (_path, executable) => {
  const host = shareHost();
  const run = (...words: string[]) => runCli(host, executable, words);

  test('help is for all, and for each command', () => {
    const { status, stdout, stderr } = run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(['list', 'show', 'validate', 'try']));
    for (const name of names) {
      const help = run(name, '--help');
      expect({ name, status: help.status }).toEqual({ name, status: 0 });
      expect(help.stdout).toContain(`usage: cni-bridge ${name}`);
      expect(help.stdout).toContain(`\nexamples:\n  cni-bridge ${name}`);
      expect(run('help', name).stdout).toBe(help.stdout);
    }
  });

  test('wrong usage is exit status 2, on stderr, with what was probably meant', () => {
    expect(run('lsit')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'cni-bridge: there is no command "lsit": did you mean list?\n',
    });
    expect(run('list', '--jsno')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('did you mean --json?'),
    });
    expect(run('show')).toMatchObject({ status: 2, stderr: expect.stringContaining('WHAT is missing') });
    expect(run()).toMatchObject({ status: 2, stdout: expect.stringContaining('usage: cni-bridge COMMAND') });
  });

  test('--version is the plugin’s', () => {
    expect(run('--version').stdout).toMatch(/^CNI bridge plugin v\d/);
  });

  test('by the plugin’s own name a word is a command, unless a runtime calls', () => {
    expect(host.run(['env', '-i', executable, 'list', ...places]).stdout).toContain('no networks');
    const version = host.run(['env', '-i', 'CNI_COMMAND=VERSION', executable, 'list']);
    expect(JSON.parse(version.stdout)).toMatchObject({ cniVersion: '1.1.0' });
    const { stderr } = host.run(['env', '-i', `${dirname(executable)}/host-local`, 'list']);
    expect(stderr).toContain('CNI host-local plugin');
  });

  test('a reader that has enough is no error', () => {
    expect(host.run(['sh', '-c', `${dirname(executable)}/cni-bridge man | head -1`])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe('on a terminal', () => {
  const host = useHost('c1');
  const [[, executable]] = executables as [[string, string]];
  const program = `${dirname(executable)}/cni-bridge list ${places.join(' ')}`;
  const csi = '\u001b[';

  beforeEach(() => {
    const conf = network('lab', '10.15.0.0/16');
    configure(host, conf);
    add(host, executable, { conf });
    // So long ago that what is printed stays the same while the test runs.
    host.sh("touch -d '5 days ago' /var/lib/cni/networks/lab/10.15.0.2");
  });

  test('words are set off by colours; not so with NO_COLOR, nor in a pipe', () => {
    const typed = (variables: string) =>
      host.sh(`${variables} TERM=xterm script -qec '${program}' /dev/null`);
    expect(typed('')).toContain(`${csi}32mok${csi}39m`);
    expect(typed('NO_COLOR=1')).not.toContain(csi);
    expect(host.sh(program)).not.toContain(csi);
    const without = ['1', '2', '22', '32', '39'].reduce(
      (text, code) => text.replaceAll(`${csi}${code}m`, ''),
      typed('').replaceAll('\r', ''),
    );
    expect(without).toBe(host.sh(program));
  });
});

describe('the files beside it', () => {
  test('the man page has no mistake that man(1) knows', () => {
    const page = resolve('dist/cni-bridge.8');
    const text = execFileSync('man', ['--warnings', '-P', 'cat', '-l', page], {
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '100', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const heading of ['NAME', 'SYNOPSIS', 'COMMANDS', 'EXIT STATUS', 'FILES'])
      expect(text).toContain(heading);
    const warnings = execFileSync('sh', ['-c', `groff -man -ww -z ${page} 2>&1`], { encoding: 'utf8' });
    expect(warnings).toBe('');
  });

  test.each([
    [['cni-bridge', 'li'], ['list']],
    [['cni-bridge', 'list', '--js'], ['--json']],
    [['cni-bridge', 'validate', 'test/conf/lab-br'], ['test/conf/lab-br1.conf']],
  ])('bash completes %j', (words, completions) => {
    const script = `. dist/cni-bridge.bash; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
      _cni_bridge; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n')).toEqual(
      completions,
    );
  });
});
