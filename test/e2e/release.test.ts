import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A tree of its own with the command in it, whose suites and dist are given. */
class Tree {
  readonly path = mkdtempSync(join(tmpdir(), 'release-'));

  constructor() {
    mkdirSync(join(this.path, 'build/release'), { recursive: true });
    cpSync('build/release/release', join(this.path, 'build/release/release'));
    this.write('package.json', '{\n  "name": "x",\n  "version": "0.2.0"\n}\n');
    this.write(
      'CHANGELOG.md',
      '# Changes\n\n## Unreleased\n\n- Something.\n\n## 0.1.0, 2026-11-24\n\n- First.\n',
    );
    this.write('deploy/kubernetes/executables/kustomization.yaml', 'images:\n  - newTag: v0.2.0\n');
    this.write('.ci/run', '#!/bin/sh\nexit 0\n');
    this.write('Makefile', '.PHONY: dist\ndist:\n\techo made\n');
    this.git('init', '-q', '-b', 'main');
    this.git('config', 'user.name', 'x');
    this.git('config', 'user.email', 'x@example.org');
    this.commit();
  }

  write(name: string, text: string): void {
    const path = join(this.path, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text, { mode: 0o755 });
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  git(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync('git', ['-C', this.path, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  commit(): void {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'x');
  }

  release(version: string) {
    return spawnSync(join(this.path, 'build/release/release'), [version], { encoding: 'utf8' });
  }

  /** Everything that a release may change. */
  get state(): string {
    return this.git('rev-parse', 'HEAD') + this.git('tag') + this.git('status', '--porcelain');
  }
}

describe('make release', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });
  afterEach(() => rmSync(tree.path, { recursive: true }));

  test.each(['0.3.0', '0.2.0'])('sets %s, dates the changelog, and tags', (version) => {
    expect(tree.release(version)).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(tree.read('package.json'))).toMatchObject({ version });
    expect(tree.read('deploy/kubernetes/executables/kustomization.yaml')).toBe(
      `images:\n  - newTag: v${version}\n`,
    );
    expect(tree.read('CHANGELOG.md')).toMatch(
      new RegExp(`^## ${version}, \\d{4}-\\d\\d-\\d\\d\n\n- Something`, 'm'),
    );
    expect(tree.git('tag', '--points-at', 'HEAD')).toBe(`v${version}\n`);
    expect(tree.git('status', '--porcelain')).toBe('');
  });

  /** A refusal, with nothing changed. */
  const refused = (version: string, words: string) => {
    const before = tree.state;
    expect(tree.release(version)).toMatchObject({ status: 1, stderr: expect.stringContaining(words) });
    expect(tree.state).toBe(before);
  };

  test.each(['1.2', 'v1.2.3', '1.2.3-rc1', '01.2.3', 'x'])('refuses %s, which is not a version', (version) =>
    refused(version, `'${version}' is not a version`),
  );

  test('refuses a version before the current one', () => refused('0.1.9', '0.1.9 is before 0.2.0'));

  test('refuses a version that is tagged', () => {
    tree.git('tag', 'v0.3.0');
    refused('0.3.0', 'v0.3.0 is there already');
  });

  test('refuses a tree with changes, or with a file that git does not know', () => {
    tree.write('Makefile', 'dist:\n');
    refused('0.3.0', 'changes that are not committed');
    tree.git('checkout', '-q', '.');
    tree.write('new', '');
    refused('0.3.0', 'changes that are not committed');
  });

  test('refuses a tree whose suites fail', () => {
    tree.write('.ci/run', '#!/bin/sh\nexit 1\n');
    tree.commit();
    refused('0.3.0', '.ci/run fails');
  });

  test('refuses a changelog with nothing new', () => {
    tree.write('CHANGELOG.md', '# Changes\n\n## Unreleased\n\n## 0.1.0, 2026-11-24\n\n- First.\n');
    tree.commit();
    refused('0.3.0', 'says nothing under Unreleased');
  });

  test('takes everything back where dist fails', () => {
    tree.write('Makefile', '.PHONY: dist\ndist:\n\tfalse\n');
    tree.commit();
    const before = tree.state;
    expect(tree.release('0.3.0')).toMatchObject({
      status: expect.any(Number),
      stderr: expect.stringContaining('taken back'),
    });
    expect(tree.state).toBe(before);
    expect(tree.read('package.json')).toContain('"0.2.0"');
  });
});
