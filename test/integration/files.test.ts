import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as node from '../../netlink/libc/node-files.ts';
import { exerciseFiles } from '../exercise-files.ts';

const script = (folder: string) => `
  import * as files from './netlink/libc/bun-files.ts';
  import { exerciseFiles } from './test/exercise-files.ts';
  process.stdout.write(JSON.stringify(exerciseFiles(files, ${JSON.stringify(folder)})));`;

test('what libc does to files in Bun is what node:fs does in Node, errors included', () => {
  const root = mkdtempSync(`${tmpdir()}/files-`);
  try {
    const outcomes = ['node', 'bun'].map((host) => {
      const folder = `${root}/folder`;
      const text =
        host === 'node'
          ? JSON.stringify(exerciseFiles(node, folder))
          : execFileSync('node_modules/.bin/bun', ['-e', script(folder)], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      return JSON.parse(text);
    });
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]).toHaveLength(41);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
