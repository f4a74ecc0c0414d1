import { closeSync, constants, fstatSync, openSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../../cni/error.ts';
import { errnoName } from '../../netlink/error.ts';

/** sys/file.h */
const LOCK_EX = 2;
const EINTR = 4;

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/**
 * Opens a file, made where it is missing, and waits for its flock(2), exclusive. Closing the descriptor unlocks.
 * @returns the descriptor
 * @throws what `openSync` throws, ENOENT where the folder is missing; CniError code 5 where flock refuses, or where
 *   the path names a pipe or a device, at which the reference would wait for ever
 */
export function lockFile(path: string): number {
  const fd = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (!fstatSync(fd).isFile()) {
    closeSync(fd);
    throw new CniError(errorCode.io, `cannot lock ${path}`, 'it is no plain file');
  }
  for (;;) {
    const locked = libc.flock(fd, LOCK_EX);
    if (locked >= 0) return fd;
    if (locked === -EINTR) continue;
    closeSync(fd);
    throw new CniError(errorCode.io, `cannot lock ${path}`, errnoName(-locked));
  }
}
