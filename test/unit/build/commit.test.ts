import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'commit-'));
  mkdirSync(join(tree, 'build'));
  mkdirSync(join(tree, 'plugin'));
  copyFileSync('build/commit', join(tree, 'build/commit'));
  copyFileSync('.gitattributes', join(tree, '.gitattributes'));
  writeFileSync(join(tree, 'plugin/main.ts'), '');
});
afterEach(() => rmSync(tree, { recursive: true }));

/** What a copy of build/commit prints. */
function commit(directory: string, env: Readonly<Record<string, string>> = {}): string {
  const { PATH = '' } = process.env;
  return execFileSync(join(directory, 'build/commit'), { encoding: 'utf8', env: { PATH, ...env } }).trim();
}

function git(...words: string[]): string {
  const own = ['-C', tree, '-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'safe.directory=*'];
  return execFileSync('git', [...own, ...words], { encoding: 'utf8' }).trim();
}

test('without a history it is not known, unless it is given', () => {
  expect(commit(tree)).toBe('');
  expect(commit(tree, { COMMIT: 'abc1234' })).toBe('abc1234');
});

test('seven digits of the commit, and whether the sources have been changed since', () => {
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  const head = git('rev-parse', 'HEAD').slice(0, 7);
  expect(commit(tree)).toBe(head);
  writeFileSync(join(tree, 'README.md'), 'changed');
  git('add', '.');
  expect(commit(tree)).toBe(head);
  writeFileSync(join(tree, 'plugin/main.ts'), 'changed');
  expect(commit(tree)).toBe(`${head}-dirty`);
  expect(commit(tree, { COMMIT: '' })).toBe('');
});

test('a tarball of a release has it', () => {
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  const archive = join(tree, 'archive.tar');
  git('archive', '-o', archive, '--prefix=release/', 'HEAD');
  execFileSync('tar', ['-C', tree, '-xf', archive]);
  expect(commit(join(tree, 'release'))).toBe(git('rev-parse', 'HEAD').slice(0, 7));
});

test('the version stands in package.json alone', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(packages[''].version).toBe(version);
});
