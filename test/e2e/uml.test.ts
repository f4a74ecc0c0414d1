import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Command lines of the processes that have a word in them. */
const processesWith = (word: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(word) ? [line] : [];
      } catch {
        return [];
      }
    });

describe('test/uml/run', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync('/tmp/uml-');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (...command: string[]) => {
    const env = { PATH: process.env.PATH, TMPDIR: directory };
    const run = spawn('test/uml/run', command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    return { run, ended: once(run, 'exit') };
  };

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends it with all that it started, and leaves no file', async (signal, status) => {
    const { run, ended } = start('sh', '-c', 'echo started; sleep 600');
    await once(run.stdout, 'data');
    expect(processesWith(join(directory, 'tmp.'))).not.toEqual([]);
    run.kill(signal);
    expect(await ended).toEqual([status, null]);
    expect(processesWith(join(directory, 'tmp.'))).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('it has the exit status of its command, and leaves neither process nor file', async () => {
    const { run, ended } = start('sh', '-c', 'echo said; exit 7');
    const [said] = await once(run.stdout, 'data');
    expect(String(said)).toBe('said\n');
    expect(await ended).toEqual([7, null]);
    expect(processesWith(join(directory, 'tmp.'))).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});
