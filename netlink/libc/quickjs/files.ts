import { errnoName } from '../../error.ts';
import type { Files, Stats } from '../files.ts';
import { native } from './native.ts';

/** fcntl.h and linux/stat.h: the same on every architecture. */
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const ENOENT = 2;
const EEXIST = 17;
/** linux/limits.h */
const PATH_MAX = 4096;

/** An error as `node:fs` throws it: the errno's name is its `code`. */
function refusal(call: string, path: string | undefined, errno: number): Error {
  const code = errnoName(errno);
  const object = path === undefined ? '' : ` '${path}'`;
  const message = `${code}: ${native.strerror(errno).toLowerCase()}, ${call}${object}`;
  return Object.assign(new Error(message), { code, errno, syscall: call, path });
}

/**
 * What a system call returned.
 * @param call its name in errors
 * @param path what errors name as its object
 * @throws what {@link refusal} makes
 */
function done(result: number, call: string, path?: string): number {
  if (result < 0) throw refusal(call, path, -result);
  return result;
}

/** A file's status (inode(7)), decoded lazily: usually only one of the numbers is needed. */
class FileStats implements Stats {
  /** @param numbers device, inode, mode, birth, status change and modification */
  constructor(private readonly numbers: readonly number[]) {}

  get dev(): number {
    return this.numbers[0] ?? 0;
  }

  get ino(): number {
    return this.numbers[1] ?? 0;
  }

  get birthtimeMs(): number {
    return this.numbers[3] ?? 0;
  }

  get ctimeMs(): number {
    return this.numbers[4] ?? 0;
  }

  get mtimeMs(): number {
    return this.numbers[5] ?? 0;
  }

  private isOfType(type: number): boolean {
    return ((this.numbers[2] ?? 0) & S_IFMT) === type;
  }

  isDirectory(): boolean {
    return this.isOfType(S_IFDIR);
  }

  isFile(): boolean {
    return this.isOfType(S_IFREG);
  }

  isSymbolicLink(): boolean {
    return this.isOfType(S_IFLNK);
  }
}

/** @throws what {@link refusal} makes, also if `answer` is a negative errno */
function statsOf(answer: number[] | number, call: string, path?: string): Stats {
  if (typeof answer === 'number') throw refusal(call, path, -answer);
  return new FileStats(answer);
}

function isDirectory(path: string): boolean {
  const answer = native.stat(AT_FDCWD, path, 0);
  return typeof answer !== 'number' && statsOf(answer, 'stat').isDirectory();
}

/** Creates the parent directories first. Another process may create any of them meanwhile. */
function makeDirectories(path: string, mode: number): void {
  const errno = -native.mkdir(path, mode);
  if (errno <= 0) return;
  const above = path.slice(0, path.lastIndexOf('/'));
  if (errno === ENOENT && above !== '' && above !== path) {
    makeDirectories(above, mode);
    makeDirectories(path, mode);
  } else if (errno !== EEXIST || !isDirectory(path)) {
    throw refusal('mkdir', path, errno);
  }
}

/** {@link Files} by the C half in this directory. */
const files: Files = {
  constants: native,
  openSync: (path, flags, mode = 0o666) => done(native.open(path, flags, mode), 'open', path),
  closeSync: (fd) => void done(native.close(fd), 'close'),
  readSync: (fd, buffer) => done(native.read(fd, buffer), 'read'),
  writeSync(fd, bytes, position) {
    return done(
      position === undefined ? native.write(fd, bytes) : native.pwrite(fd, bytes, position),
      'write',
    );
  },
  fsyncSync: (fd) => void done(native.fsync(fd), 'fsync'),
  ftruncateSync: (fd, length) => void done(native.ftruncate(fd, length), 'ftruncate'),
  fstatSync: (fd) => statsOf(native.stat(fd, '', AT_EMPTY_PATH), 'fstat'),
  lstatSync(path) {
    const answer = native.stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
    return answer === -ENOENT ? undefined : statsOf(answer, 'lstat', path);
  },
  statSync: (path) => statsOf(native.stat(AT_FDCWD, path, 0), 'stat', path),
  statfsSync(path) {
    const answer = native.statfs(path);
    if (typeof answer === 'number') throw refusal('statfs', path, -answer);
    const [type = 0, bfree = 0, count = 0, ffree = 0] = answer;
    return { type, bfree, files: count, ffree };
  },
  accessSync: (path, mode) => void done(native.access(path, mode), 'access', path),
  linkSync: (existing, path) => void done(native.link(existing, path), 'link', `${existing}' -> '${path}`),
  renameSync: (from, to) => void done(native.rename(from, to), 'rename', `${from}' -> '${to}`),
  unlinkSync: (path) => void done(native.unlink(path), 'unlink', path),
  rmdirSync: (path) => void done(native.unlinkat(path, AT_REMOVEDIR), 'rmdir', path),
  symlinkSync: (target, path) => void done(native.symlink(target, path), 'symlink', `${target}' -> '${path}`),
  readlinkSync(path) {
    const target = new Uint8Array(PATH_MAX);
    return native.decode(target.subarray(0, done(native.readlink(path, target), 'readlink', path)));
  },
  fchmodSync: (fd, mode) => void done(native.fchmod(fd, mode), 'fchmod'),
  mkdirSync(path, { mode, recursive = false }) {
    if (recursive) makeDirectories(path, mode);
    else done(native.mkdir(path, mode), 'mkdir', path);
  },
  readdirSync(path) {
    const fd = done(native.open(path, native.O_RDONLY | native.O_DIRECTORY, 0), 'scandir', path);
    const names = native.names(fd);
    native.close(fd);
    if (typeof names === 'number') throw refusal('scandir', path, -names);
    return names;
  },
  sumAddressesSync(path, skip) {
    const fd = done(native.open(path, native.O_RDONLY | native.O_DIRECTORY, 0), 'scandir', path);
    const sums = native.sumAddresses(fd, skip);
    native.close(fd);
    if (typeof sums === 'number') throw refusal('scandir', path, -sums);
    const [a = 0, b = 0] = sums;
    return [a, b];
  },
  utimesSync: (path, accessed, modified) => void done(native.utimes(path, accessed, modified), 'utime', path),
};

export const {
  constants,
  openSync,
  closeSync,
  readSync,
  writeSync,
  fsyncSync,
  ftruncateSync,
  fstatSync,
  lstatSync,
  statSync,
  statfsSync,
  accessSync,
  linkSync,
  renameSync,
  unlinkSync,
  rmdirSync,
  symlinkSync,
  readlinkSync,
  fchmodSync,
  mkdirSync,
  readdirSync,
  sumAddressesSync,
  utimesSync,
} = files;
