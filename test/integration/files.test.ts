import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onBothHosts } from '../support/libc/hosts.ts';

test('what the kernel does to files on QuickJS is what node:fs does on Node, errors included', () => {
  const root = mkdtempSync(`${tmpdir()}/files-`);
  try {
    mkdirSync(`${root}/addresses`);
    for (const name of ['10.0.0.1', 'FD00::a', 'cafe', '10.', 'lock', 'entry--10.0.0.2', '10.0.0.3.'])
      writeFileSync(`${root}/addresses/${name}`, '');
    symlinkSync('lock', `${root}/addresses/10.0.0.4`);
    mkdirSync(`${root}/addresses/10.0.0.5`);
    const [onNode, onQuickjs] = onBothHosts('files.ts').map(([, [program, ...words]]) => {
      const directory = `${root}/directory`;
      const env = { ...process.env, DIRECTORY: directory };
      const text = execFileSync(program, words, { encoding: 'utf8', env });
      rmSync(directory, { recursive: true });
      return JSON.parse(text);
    });
    expect(onQuickjs).toEqual(onNode);
    expect(onNode).toHaveLength(52);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
