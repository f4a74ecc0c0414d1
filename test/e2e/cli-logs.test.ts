import { configure, network, places, runCli } from '../support/cli.ts';
import { add, call, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const file = '/run/debug.log';

describe.each(executables)('cni-bridge logs beside %s', (_path, executable) => {
  const host = useHost('c1', 'c2');
  const logs = (...words: string[]) => runCli(host, executable, ['logs', ...places, ...words]);
  /** The cells of each line, the time left out. */
  const cells = (text: string): string[][] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/).slice(1));
  const lab = network('lab', '10.15.0.0/30', { cniVersion: '1.1.0', debug: file });
  const other = network('other', '10.16.0.0/24', { debug: file, ipMasq: false });
  const two = { containerID: 'two', netns: '/run/netns/c2' };

  beforeEach(() => {
    configure(host, lab, other, network('silent', '10.17.0.0/24'));
    add(host, executable, { conf: lab });
    call(host, executable, 'ADD', { conf: lab, ...two });
    call(host, executable, 'DEL', { conf: lab, ...two });
  });

  test('prints each call of a network: when, for whom, how long, what came of it', () => {
    const { status, stdout, stderr } = logs('lab');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const ms = expect.stringMatching(/^\d+\.\d$/);
    const slowest = expect.stringMatching(
      /^(namespaces|veth|netfilter|ipam|container|gateway|answer|undo) \d+\.\d$/,
    );
    expect(stdout).toMatch(/^TIME \(UTC\) +COMMAND /);
    expect(stdout.split('\n')[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}ADD /);
    expect(cells(stdout)).toEqual([
      ['COMMAND', 'CONTAINER', 'MS', 'SLOWEST', 'OUTCOME'],
      ['ADD', 'c1', ms, slowest, '10.15.0.2/30'],
      ['ADD', 'two', ms, slowest, expect.stringMatching(/^no IP addresses available .*\(code 11\)$/)],
      ['DEL', 'two', ms, slowest, 'ok'],
    ]);
  });

  test('of all networks, with the network and the interface where they differ', () => {
    add(host, executable, { conf: other, containerID: 'three', netns: '/run/netns/c2', ifname: 'net1' });
    const [heading, ...rows] = cells(logs().stdout);
    expect(heading).toEqual(['COMMAND', 'NETWORK', 'CONTAINER', 'INTERFACE', 'MS', 'SLOWEST', 'OUTCOME']);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['ADD', 'lab', 'c1', 'eth0'],
      ['ADD', 'lab', 'two', 'eth0'],
      ['DEL', 'lab', 'two', 'eth0'],
      ['ADD', 'other', 'three', 'net1'],
    ]);
    expect(cells(logs('other').stdout)).toHaveLength(2);
  });

  test('only what failed, only of a container; --json prints the lines as they are', () => {
    expect(cells(logs('--failed').stdout).map((row) => row.slice(0, 2))).toEqual([
      ['COMMAND', 'CONTAINER'],
      ['ADD', 'two'],
    ]);
    expect(cells(logs('--container', 'tw').stdout)).toHaveLength(3);
    expect(logs('--json').stdout).toBe(host.sh(`cat ${file}`));
    expect(logs('--json', '--failed', '--container', 'two').stdout).toBe(host.sh(`sed -n 2p ${file}`));
    expect(logs('--container', 'nobody')).toEqual({ status: 0, stdout: '', stderr: 'no such call\n' });
  });

  test('a file by its name, whatever is in it; control characters are not the terminal’s', () => {
    host.run(['sh', '-c', `cat >>${file}`], {
      input: `garbage\n{"time":"2026-01-01T00:00:00.000Z","ms":1,"command":"\\u001b[2J","phases":[1],"result":[],"error":5}\n{"time":`,
    });
    const { status, stdout, stderr } = logs(file);
    expect(status).toBe(0);
    expect(stderr).toBe(`${file}: lines that are not about a call: 2\n`);
    expect(stdout.split('\n')[1]).toMatch(/^2026-01-01 00:00:00 {2}\?\[2J /);
    expect(
      host.sh(`cat ${file} | ${executable.replace(/bridge$/, 'cni-bridge')} logs /dev/stdin 2>/dev/null`),
    ).toBe(stdout);
  });

  test('says what is missing', () => {
    expect(logs('nowhere')).toMatchObject({
      status: 1,
      stdout: '',
      stderr:
        'cni-bridge: there is no network "nowhere" in /run/conf; a file is named with a slash: ./FILE\n',
    });
    expect(logs('silent')).toMatchObject({
      status: 1,
      stderr: 'cni-bridge: silent has no "debug": "/var/log/cni-bridge.log"\n',
    });
    host.sh('mkdir /run/empty');
    expect(runCli(host, executable, ['logs', '--conf-dir', '/run/empty'])).toMatchObject({
      status: 1,
      stderr: 'cni-bridge: no network in /run/empty has "debug": "/var/log/cni-bridge.log"\n',
    });
    expect(logs('/run/none')).toMatchObject({ status: 1, stderr: expect.stringContaining('/run/none') });
    host.sh(`rm ${file}`);
    expect(logs('lab')).toMatchObject({ status: 1, stderr: expect.stringContaining(file) });
  });

  test('a file of many lines takes its time, but not its room', () => {
    host.sh(
      `for i in $(seq 16); do cat ${file} ${file} >${file}.more; mv ${file}.more ${file}; done; test $(wc -l <${file}) = 196608`,
    );
    // Less than the file has; Node alone takes more.
    const room = executable.includes('/pkg/') ? 2_000_000_000 : 64_000_000;
    const limited = ['prlimit', `--data=${room}`];
    const { status, stdout } = runCli(
      host,
      executable,
      ['logs', file, '--failed', '--container', 'nobody'],
      limited,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
