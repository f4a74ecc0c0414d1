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

/** Checks what was opened: the path may lead elsewhere by now. */
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
 * Opens the network namespace at a path.
 * @param own the caller's: all namespaces are files of one file system (nsfs)
 * @throws SystemError with EINVAL if it isn't a namespace; Node's error if it can't be opened or examined
 */
export function openNamespace(path: string, { stats: { dev } }: Namespace): Namespace {
  // Opening a pipe would wait for a writer.
  return opened(path, constants.O_RDONLY | constants.O_NONBLOCK, (stats) => stats.dev === dev);
}

/**
 * Opens the calling thread's own network namespace.
 * @throws Node's error if there is no /proc
 */
export function openOwnNamespace(): Namespace {
  // The calling thread is the main thread; /proc/thread-self takes the kernel longer.
  return opened('/proc/self/ns/net', constants.O_RDONLY, () => true);
}

/**
 * Makes a network namespace that ends with the descriptor, and with us. The calling thread is where it was afterwards.
 * @throws SystemError: EPERM without CAP_SYS_ADMIN
 */
export function newNamespace(): Namespace {
  const own = openOwnNamespace();
  try {
    const made = libc.unshare(CLONE_NEWNET);
    if (made < 0) throw new SystemError('make', 'a network namespace', -made);
    try {
      return openOwnNamespace();
    } finally {
      enter(own);
    }
  } finally {
    closeSync(own.fd);
  }
}

/** Whether two are the same namespace. */
export function sameNamespace(a: Namespace, b: Namespace): boolean {
  return a.stats.dev === b.stats.dev && a.stats.ino === b.stats.ino;
}

/** How often to try entering a namespace: the kernel may be short of memory at the moment. */
const attempts = 3;

function enter({ fd, path }: Namespace): void {
  for (let attempt = 1; ; attempt++) {
    const entered = libc.setns(fd, CLONE_NEWNET);
    if (entered >= 0) return;
    if (attempt === attempts) throw new NamespaceError('enter network namespace', path, -entered);
  }
}

/**
 * Runs `work` with the thread in `inside`, and returns to `own` whatever happens. Sockets opened inside stay there.
 * `work` must be synchronous.
 * @throws SystemError if a namespace can't be entered; what `work` throws
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
