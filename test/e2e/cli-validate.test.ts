import { dirname } from 'node:path';
import { configure, network, runCli } from '../support/cli.ts';
import { call, executables } from '../support/cni.ts';
import { shareHost } from '../support/use-host.ts';

describe.each(executables)('cni-bridge validate beside %s', (_path, executable) => {
  const host = shareHost('c1');
  const validate = (...words: string[]) =>
    runCli(host, executable, ['validate', ...words], ['env', `CNI_PATH=${dirname(executable)}`]);

  test('what is right is ok', () => {
    configure(host, network('right', '10.15.0.0/16'));
    expect(validate('/run/conf/right.conf')).toEqual({
      status: 0,
      stdout: '/run/conf/right.conf: ok\n',
      stderr: '',
    });
  });

  test('each finding is a line with its place, as compilers have it; an error is exit status 1', () => {
    host.run(['sh', '-c', 'cat >/run/wrong.conf'], {
      input:
        '{\n  "cniVersion": "1.0.0", "name": "n",\n  "type": "bridge",\n  "isGatewy": true,\n  "mtu": "big"\n}',
    });
    const { status, stdout } = validate('/run/wrong.conf');
    expect(status).toBe(1);
    expect(stdout).toBe(
      `/run/wrong.conf:4:3: warning: isGatewy: unknown, did you mean isGateway?
/run/wrong.conf:5:3: error: mtu: must be an integer from 68 to 65535, "auto", or 0 for the kernel's choice, not "big"
`,
    );
    const { isRight, findings } = JSON.parse(validate('/run/wrong.conf', '--json').stdout);
    expect(isRight).toBe(false);
    expect(findings).toHaveLength(2);
    expect(findings[1]).toMatchObject({ severity: 'error', position: { line: 5, column: 3 } });
  });

  test('a plugin that CNI_PATH lacks is an error, a file that is missing too', () => {
    configure(host, { ...network('lacking', '10.15.0.0/16'), ipam: { type: 'whereabouts' } });
    expect(validate('/run/conf/lacking.conf')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('"whereabouts"'),
    });
    expect(validate('/nowhere.conf')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('ENOENT'),
    });
  });

  test('an ADD with a key nearly right succeeds, and says on stderr which was meant', () => {
    const conf = network('net', '10.15.0.0/16', { isDefaultGatway: true });
    const { status, stderr } = call(host, executable, 'ADD', { conf });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'isDefaultGatway: unknown, did you mean isDefaultGateway?\n',
    });
    expect(call(host, executable, 'DEL', { conf })).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
