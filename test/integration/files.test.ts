import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onBothHosts } from '../support/hosts.ts';

test('what the kernel does to files on QuickJS is what node:fs does on Node, errors included', () => {
  const root = mkdtempSync(`${tmpdir()}/files-`);
  try {
    const [onNode, onQuickjs] = onBothHosts('files.ts').map(([, [program, ...words]]) => {
      const folder = `${root}/folder`;
      const env = { ...process.env, FOLDER: folder };
      const text = execFileSync(program, words, { encoding: 'utf8', env });
      rmSync(folder, { recursive: true });
      return JSON.parse(text);
    });
    expect(onQuickjs).toEqual(onNode);
    expect(onNode).toHaveLength(41);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
