import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const plugins = ['bridge', 'host-local', 'loopback'];

describe('build/install', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'install-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function run(command: string): Promise<{ status: number | null; printed: string }> {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    const [status] = await once(child, 'close');
    return { status, printed };
  }

  test('while it runs, no call by way of what is installed fails', async () => {
    await run(`build/install ${directory}`);
    // The plugin of each failed call; at the end the number of calls.
    const calls = run(`n=0; until [ -e ${directory}/.stop ]; do
        for plugin in ${plugins.join(' ')}; do
          CNI_COMMAND=VERSION ${directory}/$plugin >/dev/null </dev/null || echo $plugin
          n=$((n + 1))
        done
      done; echo $n`);
    const installed = await run(
      `for i in 1 2 3 4 5 6 7 8 9 10; do build/install ${directory} || exit 1; done`,
    );
    writeFileSync(join(directory, '.stop'), '');
    expect(installed.status).toBe(0);
    const { printed } = await calls;
    expect(printed).toMatch(/^\d+\n$/);
    expect(Number(printed)).toBeGreaterThanOrEqual(plugins.length);
    const [executable = '', ...links] = [...plugins, 'cni-bridge'];
    expect(readdirSync(directory).sort()).toEqual(['.stop', executable, ...links].sort());
    for (const name of links) expect(readlinkSync(join(directory, name))).toBe('bridge');
  });

  test('make install takes a directory with a space in its name', async () => {
    const command = `make --silent --old-file=dist/bridge install DESTDIR=${directory} PREFIX='/a b'`;
    expect((await run(command)).status).toBe(0);
    expect(readdirSync(join(directory, 'a b')).sort()).toEqual([...plugins, 'cni-bridge'].sort());
  });

  test("it takes the place of the Go plugins' executables", async () => {
    for (const name of plugins) writeFileSync(join(directory, name), 'old', { mode: 0o755 });
    expect((await run(`build/install ${directory}`)).status).toBe(0);
    for (const name of plugins) {
      const { status, printed } = await run(`CNI_COMMAND=VERSION ${directory}/${name} </dev/null`);
      expect([status, JSON.parse(printed)]).toEqual([0, expect.objectContaining({ cniVersion: '1.1.0' })]);
    }
  });
});
