import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { tsx } from '../tsx.ts';

/** Builds an executable from a program beside this file, as dist/bridge is built; it takes a second or two. */
export function compile(name: string): string {
  const output = resolve('dist/test', basename(name, '.ts'));
  mkdirSync('dist/test', { recursive: true });
  execFileSync('build/quickjs/compile', [`test/support/libc/${name}`, output], { stdio: 'pipe' });
  return output;
}

/** A host's name, and the command that runs a program on it. */
export type HostedProgram = [string, readonly [string, ...string[]]];

/** A program beside this file on both hosts. */
export function onBothHosts(name: string): [HostedProgram, HostedProgram] {
  return [
    ['Node', [...tsx, `test/support/libc/${name}`]],
    ['QuickJS', [compile(name)]],
  ];
}
