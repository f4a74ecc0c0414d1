import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Facts, flatten } from './facts.ts';

/** The first libcni with a version of the configuration, and its .mod file. */
function libcniOf(cniVersion: string): { name: string; modfile: string } {
  if (cniVersion === '1.1.0') return { name: 'v1.3.0', modfile: 'go.mod' };
  const name = cniVersion === '1.0.0' ? 'v1.0.1' : 'v0.7.1';
  return { name, modfile: `go-${name}.mod` };
}

const built = new Map<string, string>();

/** Whether there is a Go toolchain, which libcni needs. */
export const hasGo = spawnSync('go', ['version']).status === 0;

function build(cniVersion: string): string {
  const { name, modfile } = libcniOf(cniVersion);
  const path = built.get(name) ?? resolve(`dist/libcni/${name}`);
  if (built.has(name)) return path;
  mkdirSync('dist/libcni', { recursive: true });
  const { status, stderr } = spawnSync('go', ['build', `-modfile=${modfile}`, '-o', path, '.'], {
    cwd: 'test/parity/libcni',
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-trimpath', GOTOOLCHAIN: 'local' },
  });
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  built.set(name, path);
  return path;
}

/** What a version's libcni makes of results: its view of each, or its error, as facts. */
export function understood(cniVersion: string, results: Readonly<Record<string, string>>): Facts {
  const containers = Object.keys(results);
  const questions = Object.values(results).map((result) =>
    JSON.stringify({ version: cniVersion, result: JSON.parse(result) }),
  );
  const { status, stdout, stderr } = spawnSync(build(cniVersion), {
    input: `${questions.join('\n')}\n`,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`libcni: ${stderr}`);
  const answers = stdout.trim().split('\n');
  return Object.assign(
    {},
    ...containers.map((container, index) => flatten(container, JSON.parse(answers[index] ?? '{}'))),
  );
}
