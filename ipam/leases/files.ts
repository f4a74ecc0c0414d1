import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  sumAddressesSync,
  unlinkSync,
} from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { decodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import type { Stats } from '../../netlink/libc/files.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Longer than any lease: a container ID comes in an environment variable, which the kernel limits to 128 KiB. */
const maxLength = 256 * 1024;

/** The error for a failed operation on a file: code 5, naming operation, path and errno. */
export function refused(operation: string, path: string, error: unknown): CniError {
  if (error instanceof CniError) return error;
  const errno = fileErrorCode(error) ?? String(error);
  const hint = errno === 'ELOOP' ? ' (a symbolic link, which is not followed)' : '';
  return new CniError(errorCode.io, `cannot ${operation} ${path}`, `${errno}${hint}`);
}

/** What a path names, links not followed; undefined if nothing. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * A directory's stats; undefined if there is none.
 * @throws CniError code 5 if something else is in its place
 */
export function lookForDirectory(path: string): Stats | undefined {
  const stats = look(path);
  if (stats?.isDirectory() !== false) return stats;
  throw new CniError(errorCode.io, `cannot use ${path}`, 'it is not a directory; links are not followed');
}

/**
 * What an action returns, or `none` if its file or directory is gone: a runtime or a person that removes a network's
 * leases takes no lock.
 * @throws what the action throws, except ENOENT
 */
function ifThere<T>(action: () => T, none: T): T {
  try {
    return action();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return none;
    throw error;
  }
}

/** Removes a file, if it exists. */
export function remove(path: string): void {
  ifThere(() => unlinkSync(path), undefined);
}

/** The names in a directory; none if it is gone. */
export function namesIn(directory: string): string[] {
  return ifThere(() => readdirSync(directory), []);
}

/** The sums over the addresses in a directory (`sumAddressesSync`); those of an empty one if it is gone. */
export function sumIn(directory: string, skip: number): readonly [number, number] {
  return ifThere(() => sumAddressesSync(directory, skip), [0, 0]);
}

/** The text of a small file; a symbolic link fails with ELOOP, and a pipe doesn't block. */
export function readSmallFile(path: string): string {
  return readSmall(path, O_NOFOLLOW);
}

/** The same, but following a symbolic link. */
export function readLinked(path: string): string {
  return readSmall(path, 0);
}

function readSmall(path: string, flags: number): string {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | flags);
  try {
    return readAll(fd);
  } finally {
    closeSync(fd);
  }
}

/** The buffer for reading: creating one takes longer than reading a lease. */
const buffer = new Uint8Array(2048);

/** The rest of an open file's text, up to 256 KiB. */
export function readAll(fd: number): string {
  let text = '';
  for (;;) {
    const length = readSync(fd, buffer);
    text += decodeText(buffer.subarray(0, length));
    if (length < buffer.length || text.length >= maxLength) return text;
  }
}
