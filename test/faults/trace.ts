/**
 * How often the main thread made each system call: in total, and before it first read its standard input, where the
 * runtime's own start ends.
 */
export interface Calls {
  readonly total: ReadonlyMap<string, number>;
  readonly starting: ReadonlyMap<string, number>;
}

/** Reads a trace that strace wrote of one thread. */
export function countCalls(trace: string): Calls {
  const total = new Map<string, number>();
  let starting: Map<string, number> | undefined;
  for (const line of trace.split('\n')) {
    const [, name] = /^(\w+)\(/.exec(line) ?? [];
    if (name === undefined) continue;
    if (line.startsWith('read(0,')) starting ??= new Map(total);
    total.set(name, (total.get(name) ?? 0) + 1);
  }
  if (starting === undefined) throw new Error('the trace has no read of the standard input');
  return { total, starting };
}

/** What is done to one system call. */
export interface Fault {
  readonly call: string;
  /** Which call of that name, counting from 1. */
  readonly when: number;
  /** An errno's name that the call fails with, or KILL for the signal. */
  readonly what: string;
}

/** The arguments for strace that do it. */
export function injection({ call, when, what }: Fault): string {
  const effect = what === 'KILL' ? 'signal=KILL' : `error=${what}`;
  return `inject=${call}:${effect}:when=${when}`;
}

/** What may go wrong with each call that requests or waits for something. */
const errors: Readonly<Record<string, readonly string[]>> = {
  sendto: ['EPERM', 'ENOBUFS', 'EINTR'],
  recvfrom: ['ENOBUFS', 'EIO', 'EINTR'],
  openat: ['EMFILE', 'EIO', 'EPERM'],
  read: ['EIO', 'EINTR'],
  write: ['ENOSPC', 'EIO', 'EINTR'],
  pwrite64: ['ENOSPC', 'EIO', 'EINTR'],
  fsync: ['EIO', 'ENOSPC', 'EINTR'],
  rename: ['EIO', 'ENOSPC'],
  link: ['EIO', 'ENOSPC', 'EPERM'],
  unlink: ['EIO', 'EPERM'],
  socket: ['EMFILE', 'ENOBUFS', 'EPERM'],
  setns: ['EPERM', 'ENOMEM'],
  flock: ['EIO', 'EINTR'],
  mkdir: ['EIO', 'ENOSPC', 'EPERM'],
  ftruncate: ['EIO'],
  utimensat: ['EIO'],
  getdents64: ['EIO'],
  statfs: ['EIO'],
  statx: ['EIO'],
  getrandom: ['EINTR', 'ENOSYS'],
  poll: ['EINTR', 'ENOMEM'],
};

/** Other names of the same calls. */
const alike: Readonly<Record<string, string>> = {
  open: 'openat',
  pwritev: 'pwrite64',
  pread64: 'read',
  renameat: 'rename',
  renameat2: 'rename',
  linkat: 'link',
  unlinkat: 'unlink',
  mkdirat: 'mkdir',
};

/** Calls that change nothing outside the process: a kill at one is a kill at its neighbour. */
const inward =
  /^(futex|mmap|munmap|mprotect|madvise|brk|rt_\w+|sched_\w+|getrandom|clone3?|prctl|rseq|set_\w+)$/;

/** How sparsely to try kills where all are alike: while the runtime starts, and at calls without outside effects. */
const sparsely = 16;

/** Every fault for a program that makes these calls. */
export function faultsFor({ total, starting }: Calls): Fault[] {
  const faults: Fault[] = [];
  let dull = 0;
  for (const [call, count] of total) {
    const before = starting.get(call) ?? 0;
    for (let when = 1; when <= count; when++) {
      if (when > before && !inward.test(call)) faults.push({ call, when, what: 'KILL' });
      else if (dull++ % sparsely === 0) faults.push({ call, when, what: 'KILL' });
      if (when <= before) continue;
      for (const what of errors[alike[call] ?? call] ?? []) faults.push({ call, when, what });
    }
  }
  return faults;
}
