import { closeSync, constants, fstatSync, openSync } from '#files';
import { libc } from '#libc';
import { NamespaceError, SystemError } from './error.ts';
import type { Stats } from './libc/files.ts';

/** CLONE_NEWNET, linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
const EINVAL = 22;

/** An open network namespace. */
export interface Namespace {
  readonly path: string;
  readonly fd: number;
  readonly stats: Stats;
}

/** What was opened is looked at: the path may lead elsewhere by now. */
function opened(path: string, flags: number, isNamespace: (stats: Stats) => boolean): Namespace {
  const fd = openSync(path, flags);
  try {
    const stats = fstatSync(fd);
    if (isNamespace(stats)) return { path, fd, stats };
    throw new SystemError('open network namespace', path, EINVAL);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens the namespace that a path leads to.
 * @param own one that is known: all namespaces are files of one file system (nsfs)
 * @throws SystemError with EINVAL where it isn't a namespace; node's error where it can't be opened or looked at
 */
export function openNamespace(path: string, { stats: { dev } }: Namespace): Namespace {
  // A pipe would keep the opener waiting for a writer.
  return opened(path, constants.O_RDONLY | constants.O_NONBLOCK, (stats) => stats.dev === dev);
}

/**
 * Opens the calling thread's own network namespace.
 * @throws node's error where /proc is not there
 */
export function openOwnNamespace(): Namespace {
  // The thread that calls is the process's main thread; /proc/thread-self takes the kernel longer.
  return opened('/proc/self/ns/net', constants.O_RDONLY, () => true);
}

/** Whether two are one and the same namespace. */
export function sameNamespace(a: Namespace, b: Namespace): boolean {
  return a.stats.dev === b.stats.dev && a.stats.ino === b.stats.ino;
}

/** How often a namespace is tried: the kernel may have no memory just then. */
const attempts = 3;

function enter({ fd, path }: Namespace): void {
  for (let attempt = 1; ; attempt++) {
    const entered = libc.setns(fd, CLONE_NEWNET);
    if (entered >= 0) return;
    if (attempt === attempts) throw new NamespaceError('enter network namespace', path, -entered);
  }
}

/**
 * Runs `work` with the thread in `inside`, and goes back to `own` whatever happens. Sockets opened within stay
 * there. Work must be synchronous.
 * @throws SystemError where a namespace can't be entered; what `work` throws
 *
 * @example
 * const own = openOwnNamespace();
 * const there = within(openNamespace('/run/netns/c1', own), own, openRoute);
 */
export function within<T>(inside: Namespace, own: Namespace, work: () => T): T {
  enter(inside);
  try {
    return work();
  } finally {
    enter(own);
  }
}
