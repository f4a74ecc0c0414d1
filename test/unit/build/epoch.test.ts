import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'epoch-'));
  mkdirSync(join(tree, 'build'));
  copyFileSync('build/epoch', join(tree, 'build/epoch'));
  copyFileSync('.gitattributes', join(tree, '.gitattributes'));
});
afterEach(() => rmSync(tree, { recursive: true }));

/** What a copy of build/epoch does. */
function epoch(directory: string, env: Readonly<Record<string, string>> = {}) {
  const { PATH = '' } = process.env;
  return spawnSync(join(directory, 'build/epoch'), { encoding: 'utf8', env: { PATH, ...env } });
}

/** A history of one commit, of this time. */
function commitAt(time: number): void {
  const own = ['-C', tree, '-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  const env = { ...process.env, GIT_COMMITTER_DATE: `@${time} +0300` };
  for (const words of [
    ['init', '-q'],
    ['add', '.'],
    ['commit', '-qm', 'first'],
  ])
    execFileSync('git', [...own, ...words], { env });
}

test('is the time of the commit, unless another is given', () => {
  commitAt(1_700_000_000);
  expect(epoch(tree)).toMatchObject({ status: 0, stdout: '1700000000\n' });
  expect(epoch(tree, { SOURCE_DATE_EPOCH: '5' })).toMatchObject({ status: 0, stdout: '5\n' });
});

test('a source archive has it', () => {
  commitAt(1_700_000_000);
  const archived = join(tree, 'archived');
  mkdirSync(archived);
  execFileSync('sh', ['-c', `git -C '${tree}' archive HEAD | tar -xC '${archived}'`]);
  expect(epoch(archived)).toMatchObject({ status: 0, stdout: '1700000000\n' });
});

test('fails where it is not known', () => {
  expect(epoch(tree)).toMatchObject({ status: 1, stderr: expect.stringContaining('SOURCE_DATE_EPOCH') });
});
