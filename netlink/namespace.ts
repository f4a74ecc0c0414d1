import { closeSync, constants, fstatSync, openSync, statfsSync } from '#files';
import { libc } from '#libc';
import { NamespaceError, SystemError } from './error.ts';

/** CLONE_NEWNET, linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
/** NSFS_MAGIC, linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;
const EINVAL = 22;

/** An open network namespace. */
export interface Namespace {
  readonly path: string;
  readonly fd: number;
}

/**
 * Opens the namespace that a path leads to.
 * @throws SystemError with EINVAL where it isn't a namespace; node's error where it can't be opened or looked at
 */
export function openNamespace(path: string): Namespace {
  // A pipe would keep the opener waiting for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // What was opened is looked at: the path may lead elsewhere by now.
    if (statfsSync(`/proc/self/fd/${fd}`).type === NSFS_MAGIC) return { path, fd };
    throw new SystemError('open network namespace', path, EINVAL);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens the calling thread's own network namespace.
 * @throws node's error where /proc is not there
 */
export function openOwnNamespace(): Namespace {
  const path = '/proc/thread-self/ns/net';
  return { path, fd: openSync(path, constants.O_RDONLY) };
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

/** Whether two are one and the same namespace. */
export function sameNamespace(a: Namespace, b: Namespace): boolean {
  const [x, y] = [fstatSync(a.fd), fstatSync(b.fd)];
  return x.dev === y.dev && x.ino === y.ino;
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
 * const there = within(openNamespace('/run/netns/c1'), openOwnNamespace(), openRoute);
 */
export function within<T>(inside: Namespace, own: Namespace, work: () => T): T {
  enter(inside);
  try {
    return work();
  } finally {
    enter(own);
  }
}
