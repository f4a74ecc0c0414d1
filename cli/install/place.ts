import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from '#files';
import { encodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import type { Stats } from '../../netlink/libc/files.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** What a path names, links not followed; undefined for nothing. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether two paths name the same file, links not followed. */
export function isSameFile(path: string, other: string): boolean {
  const [one, two] = [look(path), look(other)];
  return one !== undefined && two !== undefined && one.ino === two.ino && one.dev === two.dev;
}

/** Has the names in a directory reach the disk. Some file systems have nothing to do for that, and say EINVAL. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, O_RDONLY);
  try {
    fsyncSync(fd);
  } catch (error) {
    if (fileErrorCode(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

/** Writes a new file in the place of what is left of an earlier try; its contents are on disk when this returns. */
function writeNew(path: string, mode: number, fill: (fd: number) => void): void {
  removeTree(path);
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    fill(fd);
    // Whatever the umask.
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    // A full disk gets its room back.
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes.subarray(at));
}

/** Writes a new file with this text. @throws an error whose `code` is the errno's name */
export function writeNewText(path: string, text: string): void {
  writeNew(path, 0o644, (fd) => writeAll(fd, encodeText(text)));
}

/** Calls `use` with one part of a file after the other. */
function readParts(path: string, use: (part: Uint8Array) => boolean): boolean {
  const fd = openSync(path, O_RDONLY);
  try {
    const buffer = new Uint8Array(1 << 16);
    for (;;) {
      const length = readSync(fd, buffer);
      if (length === 0) return true;
      if (!use(buffer.subarray(0, length))) return false;
    }
  } finally {
    closeSync(fd);
  }
}

/** Copies an executable to a new file. @throws an error whose `code` is the errno's name */
export function copyExecutable(from: string, to: string): void {
  writeNew(to, 0o755, (fd) => {
    readParts(from, (part) => {
      writeAll(fd, part);
      return true;
    });
  });
}

/** Whether two files have the same contents. */
export function haveSameContents(path: string, other: string): boolean {
  const fd = openSync(other, O_RDONLY);
  try {
    const theirs = new Uint8Array(1 << 16);
    const isSame = readParts(path, (part) => {
      for (let at = 0; at < part.length; ) {
        const length = readSync(fd, theirs.subarray(0, part.length - at));
        if (length === 0) return false;
        for (let i = 0; i < length; i++) if (theirs[i] !== part[at + i]) return false;
        at += length;
      }
      return true;
    });
    return isSame && readSync(fd, theirs) === 0;
  } finally {
    closeSync(fd);
  }
}

/**
 * Gives a file a second name, in the place of whatever has it. There is no moment in which the name has nothing.
 * @param aside a name in the same file system, for a moment
 */
export function linkOver(existing: string, path: string, aside: string): void {
  // A rename between two names of one file does nothing, and would leave both.
  if (isSameFile(existing, path)) return;
  removeTree(aside);
  linkSync(existing, aside);
  renameSync(aside, path);
}

/** Removes a file, or a directory with all that is in it; links are not followed. What is gone already is fine. */
export function removeTree(path: string): void {
  try {
    const stats = look(path);
    if (stats?.isDirectory() === true) {
      for (const name of readdirSync(path)) removeTree(`${path}/${name}`);
      rmdirSync(path);
    } else if (stats !== undefined) unlinkSync(path);
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
  }
}
