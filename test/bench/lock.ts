import { readFileSync, rmSync } from 'node:fs';
import { run } from './contender.ts';
import type { Job } from './jobs.ts';

/**
 * Runs a call under strace(1), which stops it at the named system calls and lets all others run at full speed. Ours
 * unlocks by close(2), the Go host-local by flock(2): it closes thousands of files meanwhile, and is not stopped there.
 * @returns the milliseconds from taking the lock to releasing it
 */
export function lockHeld(
  { environment, argv, stdin }: Job,
  calls: 'flock' | 'flock,close',
  log: string,
): number {
  const strace = ['strace', '-f', '--seccomp-bpf', '-ttt', '-e', `trace=${calls}`, '-o', log];
  run(['env', '-i', ...environment, ...strace, ...argv], readFileSync(stdin));
  const lines = readFileSync(log, 'utf8').split('\n');
  rmSync(log);
  let taken: { at: number; fd: string; thread: string } | undefined;
  for (const line of lines) {
    const [, thread = '', seconds, call = '', fd = '', rest = ''] =
      /^(\d+) +([\d.]+) (flock|close)\((\d+)(.*)$/.exec(line) ?? [];
    const at = Number(seconds) * 1000;
    if (call === 'flock' && rest.startsWith(', LOCK_EX')) taken = { at, fd, thread };
    else if (taken !== undefined && taken.fd === fd && call !== '') return at - taken.at;
  }
  throw new Error(`${argv.join(' ')}: no lock is taken and released\n${lines.join('\n')}`);
}
