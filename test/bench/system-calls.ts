import { readFileSync } from 'node:fs';
import { type Contender, call, configuration, pluginArgv } from './contender.ts';
import type { Key } from './row.ts';

/** How often a command calls the kernel, threads and children included. */
export interface SystemCalls {
  readonly command: 'ADD' | 'DEL';
  readonly counts: Readonly<Partial<Record<Key, number>>>;
}

/**
 * Counts the system calls of an ADD and a DEL with masquerading, by strace(1).
 * @param dataDir where the contenders' hosts, which exist already, keep their leases
 */
export function countSystemCalls(contenders: readonly Contender[], dataDir: string): SystemCalls[] {
  return (['ADD', 'DEL'] as const).map((command) => ({
    command,
    counts: Object.fromEntries(
      contenders.map((contender) => [contender.key, count(command, contender, dataDir)]),
    ),
  }));
}

function count(command: string, contender: Contender, dataDir: string): number {
  const output = '/run/bench/trace';
  const strace = ['strace', '-f', '-c', '-o', output];
  const argv = pluginArgv(command, { contender, kind: 'masquerade', index: 1 }, strace);
  call(argv, contender.key, configuration(contender, 'masquerade', dataDir));
  const total = readFileSync(output, 'latin1').trim().split('\n').at(-1) ?? '';
  return Number(total.trim().split(/\s+/)[3]);
}
