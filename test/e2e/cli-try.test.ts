import { asNobody, configure, network, places, runCli } from '../support/cli.ts';
import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

/** The steps that were told, with what was said of each. */
function steps(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(ADD|CHECK|ping|command|DEL|left) +(.*?) {2}[\d.]+ ms$/gm)].map(([, name, words]) => [
      name,
      words,
    ]),
  );
}

describe.each(executables)('cni-bridge try beside %s', (_path, executable) => {
  const host = useHost();
  const tryOut = (name: string, ...command: string[]) =>
    runCli(host, executable, [
      'try',
      `/run/conf/${name}`,
      ...places,
      ...(command.length > 0 ? ['--', ...command] : []),
    ]);

  beforeEach(() => configure(host, network('lab', '10.15.0.0/16')));

  test('connects a container that is none, and leaves nothing of it', () => {
    expect(tryOut('lab.conf').status).toBe(0);
    const before = host.snapshot();
    const { status, stdout, stderr } = tryOut('lab.conf');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(steps(stdout)).toEqual({
      ADD: expect.stringMatching(/^10\.15\.0\.3\/16 on lab, veth[0-9a-f]{8}, eth0$/),
      CHECK: 'all is as the ADD made it',
      ping: expect.stringMatching(/^10\.15\.0\.1 answers in [\d.]+ ms$/),
      DEL: 'taken back',
      left: 'nothing of the container',
    });
    // The round robin has gone on by one address.
    const place = /^.*last_reserved_ip.*$/gm;
    expect(host.snapshot().replace(place, '')).toBe(before.replace(place, ''));
    expect(host.sh('ip netns list')).toBe('');
  });

  test('JSON has the steps, the result, and what a command printed', () => {
    const json = (...words: string[]) => {
      const { status, stdout } = runCli(host, executable, [
        'try',
        '/run/conf/lab.conf',
        ...places,
        '--json',
        ...words,
      ]);
      return { status, ...JSON.parse(stdout) };
    };
    const ms = expect.any(Number);
    const step = (name: string, words: unknown, more: object = {}) => ({
      name,
      words,
      isWell: true,
      ms,
      ...more,
    });
    const ips = [{ address: '10.15.0.2/16' }];
    const stays = ['bridge lab', 'directory /var/lib/cni/networks/lab'];
    expect(json()).toMatchObject({
      status: 0,
      file: '/run/conf/lab.conf',
      isWell: true,
      steps: [
        step('ADD', expect.stringContaining('10.15.0.2/16'), { result: { ips } }),
        step('CHECK', 'all is as the ADD made it'),
        step('ping', expect.stringContaining('answers')),
        step('DEL', 'taken back'),
        step('left', expect.stringContaining('nothing of the container'), { stays }),
      ],
    });
    const {
      status,
      isWell,
      steps: taken,
    } = json('--', 'sh', '-c', 'read x; echo "[$x]"; echo oops >&2; exit 3');
    expect({ status, isWell }).toEqual({ status: 1, isWell: false });
    expect(taken[2]).toEqual({
      name: 'command',
      words: 'exit status 3',
      isWell: false,
      ms,
      stdout: '[]\n',
      stderr: 'oops\n',
    });
    configure(host, { cniVersion: '1.0.0', name: 'lab', type: 'bridge', bridge: 'lo' });
    expect(json().steps[0]).toEqual({
      name: 'ADD',
      words: expect.stringContaining('"lo"'),
      isWell: false,
      ms,
    });
  });

  test('says what stays for the next one', () => {
    expect(steps(tryOut('lab.conf').stdout).left).toBe(
      'nothing of the container; for the next one: bridge lab, directory /var/lib/cni/networks/lab',
    );
  });

  test('a command runs inside, with our own streams, and how it ends is told', () => {
    const { status, stdout, stderr } = tryOut(
      'lab.conf',
      'sh',
      '-c',
      'ip -br -4 addr show eth0; echo oops >&2; exit 3',
    );
    expect(status).toBe(1);
    expect(stdout).toMatch(/^eth0@\S+ +UP +10\.15\.0\.2\/16/m);
    expect(stderr).toBe('oops\n');
    expect(steps(stdout)).toMatchObject({ command: 'exit status 3', DEL: 'taken back' });
    expect(steps(tryOut('lab.conf', 'no-such-program').stdout).command).toBe(
      'there is no program "no-such-program" in PATH',
    );
    const read = host.run(
      [`${executable.replace(/bridge$/, 'cni-bridge')}`, 'try', '/run/conf/lab.conf', ...places, '--', 'cat'],
      { input: 'what comes in\n' },
    );
    expect(read.stdout).toContain('what comes in\n');
  });

  test('an interrupt is the command’s: what was made is taken back all the same', () => {
    // As at a terminal, whose interrupts go to all processes of a group.
    const words = ['try', '/run/conf/lab.conf', ...places, '--', 'sh', '-c', 'kill -INT 0; sleep 60'];
    const { status, stdout } = runCli(host, executable, words, ['setsid', '-w']);
    expect(status).toBe(1);
    expect(steps(stdout)).toMatchObject({
      command: 'killed by SIGINT',
      left: expect.stringContaining('nothing of the container'),
    });
  });

  test('an ADD that fails is told in its own words', () => {
    configure(host, { cniVersion: '1.0.0', name: 'bad', type: 'bridge', bridge: 'lo' });
    const { status, stdout } = tryOut('bad.conf');
    expect(status).toBe(1);
    expect(steps(stdout)).toEqual({
      ADD: expect.stringContaining('"lo"'),
      DEL: 'taken back',
      left: 'nothing of the container',
    });
  });

  test('a list’s plugins are called one after another', () => {
    const [bridge] = [network('listed', '10.16.0.0/24')];
    const tuning = { type: 'tuning', sysctl: { 'net.ipv4.conf.all.log_martians': '1' } };
    const list = { cniVersion: '1.0.0', name: 'listed', plugins: [bridge, tuning] };
    host.run(['sh', '-c', 'cat >/run/conf/listed.conflist'], { input: JSON.stringify(list) });
    const { status, stdout } = host.run([
      ...[
        'env',
        'CNI_PATH=/usr/lib/cni',
        executable.replace(/bridge$/, 'cni-bridge'),
        'try',
        '/run/conf/listed.conflist',
      ],
      ...[...places, '--', 'cat', '/proc/sys/net/ipv4/conf/all/log_martians'],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^1$/m);
  });

  test('without root it says that it needs it; a file without a bridge is wrong usage', () => {
    expect(runCli(host, executable, ['try', '/run/conf/lab.conf'], asNobody)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'cni-bridge: try needs root: it makes a network namespace (CAP_SYS_ADMIN)\n',
    });
    configure(host, { cniVersion: '1.0.0', name: 'mac', type: 'macvlan' });
    expect(tryOut('mac.conf')).toMatchObject({
      status: 2,
      stderr: 'cni-bridge: try: /run/conf/mac.conf has no bridge in it\n',
    });
  });
});
