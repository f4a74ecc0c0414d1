import { closeSync, constants, lstatSync, openSync, readSync, unlinkSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { decodeText } from '../../netlink/bytes.ts';
import type { Stats } from '../../netlink/libc/files.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Longer than any lease: a container ID comes in one environment variable, which the kernel limits to 128 KiB. */
const maxLength = 256 * 1024;

/** The errno name of a refusal by `#files`: `ENOENT`; otherwise the error's text. */
export function errnoOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}

/** The error for a refused operation on a file: code 5, naming operation, path and errno. */
export function refused(operation: string, path: string, error: unknown): CniError {
  if (error instanceof CniError) return error;
  const errno = errnoOf(error);
  const hint = errno === 'ELOOP' ? ' (a symbolic link, which is not followed)' : '';
  return new CniError(errorCode.io, `cannot ${operation} ${path}`, `${errno}${hint}`);
}

/** What a path names, links not followed; undefined where it names nothing. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * What is known of a folder; undefined where there is none.
 * @throws CniError code 5 where something else is in its place
 */
export function lookForFolder(path: string): Stats | undefined {
  const stats = look(path);
  if (stats?.isDirectory() !== false) return stats;
  throw new CniError(errorCode.io, `cannot use ${path}`, 'it is no folder; links are not followed');
}

/** Removes a file; none is no error. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** The text of a small file; a symbolic link is refused with ELOOP, and a pipe does not block. */
export function readText(path: string): string {
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
