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

/** Longer than any lease: a container ID comes in one environment variable, which the kernel limits to 128 KiB. */
const maxLength = 256 * 1024;

/** The error for a refused operation on a file: code 5, naming operation, path and errno. */
export function refused(operation: string, path: string, error: unknown): CniError {
  if (error instanceof CniError) return error;
  const errno = fileErrorCode(error) ?? String(error);
  const hint = errno === 'ELOOP' ? ' (a symbolic link, which is not followed)' : '';
  return new CniError(errorCode.io, `cannot ${operation} ${path}`, `${errno}${hint}`);
}

/** What a path names, links not followed; undefined where it names nothing. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * What is known of a directory; undefined where there is none.
 * @throws CniError code 5 where something else is in its place
 */
export function lookForDirectory(path: string): Stats | undefined {
  const stats = look(path);
  if (stats?.isDirectory() !== false) return stats;
  throw new CniError(errorCode.io, `cannot use ${path}`, 'it is not a directory; links are not followed');
}

/**
 * What an action gives, or `none` where its file or directory is gone: whoever removes the leases of a network, a
 * runtime or a person, takes no lock.
 * @throws what the action throws but ENOENT
 */
function ifThere<T>(action: () => T, none: T): T {
  try {
    return action();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return none;
    throw error;
  }
}

/** Removes a file; none is no error. */
export function remove(path: string): void {
  ifThere(() => unlinkSync(path), undefined);
}

/** The names in a directory; of one that is gone, none. */
export function namesIn(directory: string): string[] {
  return ifThere(() => readdirSync(directory), []);
}

/** The sums over the addresses in a directory (`sumAddressesSync`); of one that is gone, those of an empty one. */
export function sumIn(directory: string, skip: number): readonly [number, number] {
  return ifThere(() => sumAddressesSync(directory, skip), [0, 0]);
}

/** The text of a small file; a symbolic link is refused with ELOOP, and a pipe does not block. */
export function readSmallFile(path: string): string {
  return readSmall(path, O_NOFOLLOW);
}

/** The same where a symbolic link is followed. */
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

/** What files are read through: making one takes longer than reading a lease. */
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
