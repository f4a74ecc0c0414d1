import { closeSync, constants, fstatSync, openSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../../cni/error.ts';
import { errnoName } from '../../netlink/error.ts';
import { look } from './files.ts';

/** sys/file.h */
const LOCK_EX = 2;
const EINTR = 4;

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** How often to reopen a lock that was removed while waiting for it. */
const attempts = 20;

/**
 * Opens a file, creating it if it is missing, and waits for its exclusive flock(2). Closing the descriptor unlocks it.
 *
 * Removing a network's directory removes its lock, held or not, and the next process creates and locks another file. So
 * after waiting this makes sure that it has the file that the path names now.
 * @returns the descriptor
 * @throws what `openSync` throws, ENOENT if the directory is missing; CniError code 5 if flock fails, or if the path
 * names a pipe or a device, on which the Go host-local would block for ever
 */
export function lockFile(path: string): number {
  for (let attempt = 1; ; attempt++) {
    const fd = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const opened = fstatSync(fd);
      if (!opened.isFile()) {
        throw new CniError(errorCode.io, `cannot lock ${path}`, 'it is not a regular file');
      }
      waitForLock(fd, path);
      // Some file systems report another inode number each time.
      if (look(path)?.ino === opened.ino || attempt === attempts) return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

function waitForLock(fd: number, path: string): void {
  for (;;) {
    const locked = libc.flock(fd, LOCK_EX);
    if (locked >= 0) return;
    if (locked !== -EINTR) throw new CniError(errorCode.io, `cannot lock ${path}`, errnoName(-locked));
  }
}
