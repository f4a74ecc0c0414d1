import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The architecture that this machine isn't of, and the program that runs its executables. */
const [architecture, emulator] =
  process.arch === 'arm64' ? ['amd64', 'qemu-x86_64-static'] : ['arm64', 'qemu-aarch64-static'];
const executable = `dist/${architecture}/bridge`;

/** Calls the executable by a name, as a runtime does. */
function call(name: string, variables: Record<string, string>, conf: unknown) {
  const { status, stdout, stderr, error } = spawnSync(emulator, ['-0', name, executable], {
    encoding: 'utf8',
    input: JSON.stringify(conf),
    env: { PATH: process.env.PATH ?? '', ...variables },
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

describe(`the executable for ${architecture}`, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cross-'));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  test('is there: make cross builds it', () => {
    expect(existsSync(executable)).toBe(true);
  });

  test('answers VERSION', () => {
    const { status, stdout } = call('bridge', { CNI_COMMAND: 'VERSION' }, {});
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion: '1.1.0' });
  });

  test('leases and releases by host-local', () => {
    const conf = {
      cniVersion: '1.0.0',
      name: 'cross',
      ipam: { type: 'host-local', subnet: '10.15.20.0/24', dataDir },
    };
    const variables = {
      CNI_CONTAINERID: 'c1',
      CNI_NETNS: '/proc/self/ns/net',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/',
    };
    const added = call('host-local', { ...variables, CNI_COMMAND: 'ADD' }, conf);
    expect(added).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(added.stdout)).toMatchObject({ ips: [{ address: '10.15.20.2/24' }] });
    expect(readdirSync(join(dataDir, 'cross'))).toContain('10.15.20.2');
    expect(call('host-local', { ...variables, CNI_COMMAND: 'CHECK' }, conf)).toMatchObject({ status: 0 });
    expect(call('host-local', { ...variables, CNI_COMMAND: 'DEL' }, conf)).toMatchObject({ status: 0 });
    expect(readdirSync(join(dataDir, 'cross'))).not.toContain('10.15.20.2');
  });
});
