import { closeSync, constants, fstatSync, openSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../../cni/error.ts';
import { errnoName } from '../../netlink/error.ts';
import { look } from './files.ts';

/** sys/file.h */
const LOCK_EX = 2;
const EINTR = 4;

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** How often a lock is opened again that was removed while it was waited for. */
const attempts = 20;

/**
 * Opens a file, made where it is missing, and waits for its flock(2), exclusive. Closing the descriptor unlocks.
 *
 * Who removes a network's directory removes its lock, held or not, and the next one to come makes and locks another
 * file. So one that has waited makes sure that it has the file that the path names now.
 * @returns the descriptor
 * @throws what `openSync` throws, ENOENT where the directory is missing; CniError code 5 where flock refuses, or where
 *   the path names a pipe or a device, at which the Go plugin would wait for ever
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
      // Some file systems give a file another inode number each time.
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
