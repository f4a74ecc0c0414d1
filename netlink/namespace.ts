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
 * Opens the network namespace at a path.
 * @throws SystemError with EINVAL if it isn't a namespace; Node's error if it can't be opened or examined
 */
export function openNamespace(path: string): Namespace {
  // Opening a pipe would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Checks what was opened: the path may lead elsewhere by now.
    if (statfsSync(`/proc/self/fd/${fd}`).type === NSFS_MAGIC) return { path, fd };
    throw new SystemError('open network namespace', path, EINVAL);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens the calling thread's own network namespace.
 * @throws Node's error if there is no /proc
 */
export function openOwnNamespace(): Namespace {
  const path = '/proc/thread-self/ns/net';
  return { path, fd: openSync(path, constants.O_RDONLY) };
}

/** Whether two are the same namespace. */
export function sameNamespace(a: Namespace, b: Namespace): boolean {
  const [x, y] = [fstatSync(a.fd), fstatSync(b.fd)];
  return x.dev === y.dev && x.ino === y.ino;
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
