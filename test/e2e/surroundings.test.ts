import { readFileSync } from 'node:fs';
import { articleText as conf } from '../support/article.ts';
import { executables, reference } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
/** If the build knew its commit, so does the executable. */
const commit = readFileSync('dist/commit', 'utf8') === '' ? '' : ' \\(commit [0-9a-f]{7}(-dirty)?\\)';
const request =
  'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin';

describe.each(executables)('the surroundings of %s', (_name, bridge) => {
  const host = useHost('c1');

  test('VERSION lists what is supported', () => {
    const output = host.sh(`env -i CNI_COMMAND=VERSION ${bridge} </dev/null`);
    expect(JSON.parse(output)).toEqual({ cniVersion: expect.any(String), supportedVersions: versions });
  });

  const protocols = `CNI protocol versions supported: ${versions.join(', ')}\n`;
  const about = (plugin: string): RegExp =>
    new RegExp(`^CNI ${plugin} plugin v${version.replaceAll('.', '\\.')}${commit}\n${protocols}`);

  test.each([
    ['bridge', 'bridge'],
    ['host-local', 'host-local'],
    ['loopback', 'loopback'],
    ['another', 'bridge'],
  ])('called %s without a command it says what it is', (name, plugin) => {
    host.sh(`ln -s ${bridge} /run/${name}`);
    const said = host.run(['env', '-i', `/run/${name}`]);
    expect(said).toEqual({ status: 0, stdout: '', stderr: expect.stringMatching(about(plugin)) });
    expect(said.stderr.split('\n')).toHaveLength(3);
    expect(host.run(['env', '-i', 'CNI_PATH=/opt/cni/bin', `/run/${name}`, '--version'])).toEqual(said);
  });

  test('--help says more; with a command no argument is looked at', () => {
    const { status, stdout, stderr } = host.run(['env', '-i', bridge, '--help']);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(about('bridge'));
    expect(stderr).toContain('--version');
    for (const word of ['--version', '--help']) {
      const command = ['env', '-i', 'CNI_COMMAND=VERSION', bridge, word];
      expect(JSON.parse(host.run(command).stdout)).toMatchObject({ supportedVersions: versions });
    }
  });

  test("the about lines have the form of the Go plugin's", () => {
    const { status, stderr } = host.run(['env', '-i', reference]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^CNI bridge plugin (v1|version unknown)/);
    expect(stderr.slice(stderr.indexOf('\n') + 1)).toBe(protocols);
  });

  test.each([
    ['no HOME', ''],
    ['a HOME that is missing', 'HOME=/nowhere'],
    ['a read-only HOME', 'HOME=/run/home'],
  ])('%s', (_what, home) => {
    host.sh('mkdir /run/home && mount -t tmpfs -o ro none /run/home');
    const { status } = host.run(['sh', '-c', `cd / && exec env -i ${home} ${request} ${bridge}`], {
      input: conf,
    });
    expect(status).toBe(0);
  });

  test('a hostile working directory changes nothing', () => {
    host.sh(`mkdir -p /run/evil/node_modules/ffi-napi && cd /run/evil
      echo 'CNI_IFNAME=evil0' >.env && echo '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}' >tsconfig.json
      echo 'throw new Error("evil")' | tee evil.ts >node_modules/ffi-napi/index.js && echo '{"type":"module"}' >package.json`);
    const { status } = host.run(['sh', '-c', `cd /run/evil && exec env -i ${request} ${bridge}`], {
      input: conf,
    });
    expect(status).toBe(0);
    expect(host.sh('ip -n c1 -o link')).toContain('eth0');
    expect(host.sh('ls -A /run/evil').trim().split('\n')).toEqual([
      '.env',
      'evil.ts',
      'node_modules',
      'package.json',
      'tsconfig.json',
    ]);
  });

  test('a closed standard input is an error like any other', () => {
    const { status, stdout } = host.run(['sh', '-c', `exec env -i ${request} ${bridge} <&-`]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: expect.any(Number), msg: expect.any(String) });
  });

  test('a closed standard error does no harm', () => {
    const input = conf.replace('10.15.20.0/24', '10.15.20.0/16');
    const { status, stdout } = host.run(['sh', '-c', `exec env -i ${request} ${bridge} 2>&-`], { input });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ips: [{ address: '10.15.20.2/16' }] });
  });

  test('no code that NODE_OPTIONS names is run', () => {
    host.sh(`echo 'require("node:fs").writeFileSync("/run/evil-ran", "")' >/run/evil.cjs`);
    const variables = "NODE_OPTIONS='--require /run/evil.cjs'";
    host.run(['sh', '-c', `cd /run && exec env -i ${variables} ${request} ${bridge}`], { input: conf });
    expect(host.run(['test', '-e', '/run/evil-ran']).status).toBe(1);
  });

  test('an ADD with ipMasq runs no other program', () => {
    const { status } = host.run(
      ['sh', '-c', `exec env -i ${request} strace -f -e trace=execve -o /run/trace ${bridge}`],
      { input: conf },
    );
    expect(status).toBe(0);
    expect(host.sh('grep -c execve /run/trace').trim()).toBe('1');
  });

  test('called host-local it leases and releases addresses', () => {
    host.sh(`ln -s ${bridge} /run/host-local`);
    const run = (command: string) =>
      host.run(['sh', '-c', `exec env -i ${request} CNI_COMMAND=${command} /run/host-local`], {
        input: conf,
      });
    const added = run('ADD');
    expect(JSON.parse(added.stdout)).toEqual({
      cniVersion: '0.4.0',
      ips: [{ version: '4', address: '10.15.20.2/24', gateway: '10.15.20.1' }],
      routes: [{ dst: '0.0.0.0/0' }],
      dns: {},
    });
    expect(run('DEL').status).toBe(0);
    expect(host.sh('find /var/lib/cni -name "10.*"')).toBe('');
  });
});
