import { getU16, getU32, getU64, putU32, readText, text } from '../bytes.ts';
import { errnoName } from '../error.ts';
import { errno, errnoWords, type Parameter, syscall } from './bun.ts';
import type { Files, Stats } from './files.ts';
import { syscallNumber as nr } from './syscall-number.ts';

/** fcntl.h: the same on every architecture but for O_DIRECTORY and O_NOFOLLOW, which arm64 has elsewhere. */
const O_CLOEXEC = 0o2000000;
const [O_DIRECTORY, O_NOFOLLOW] = process.arch === 'arm64' ? [0o40000, 0o100000] : [0o200000, 0o400000];
const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NONBLOCK: 0o4000,
  O_NOFOLLOW,
  F_OK: 0,
  W_OK: 2,
  X_OK: 1,
};

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS_AND_BTIME = 0xfff;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const EINTR = 4;
const ENOENT = 2;
const EEXIST = 17;

/** An error as `node:fs` throws: the errno's name is its `code`. */
function refusal(call: string, path: string | undefined, number: number): Error {
  const code = errnoName(number);
  const object = path === undefined ? '' : ` '${path}'`;
  const message = `${code}: ${errnoWords(number).toLowerCase()}, ${call}${object}`;
  return Object.assign(new Error(message), { code, errno: number, syscall: call, path });
}

/** A path as C has it. A NUL within would cut it short there. */
function cPath(path: string, call: string): Uint8Array {
  if (path.includes('\0')) throw refusal(call, path.replaceAll('\0', '\\0'), ENOENT);
  return text(path);
}

/**
 * Makes a system call, again where a signal interrupts it.
 * @param call what it is called in errors
 * @param path what errors say that it was for
 * @throws what {@link refusal} makes
 */
function made(
  call: string,
  path: string | undefined,
  number: number,
  a: Parameter,
  b?: Parameter,
  c?: Parameter,
  d?: Parameter,
  e?: Parameter,
): number {
  for (;;) {
    const result = syscall(number, a, b, c, d, e);
    if (result >= 0) return result;
    if (errno() !== EINTR) throw refusal(call, path, errno());
  }
}

/** What a path names, with its type and permissions as the kernel has them. */
interface ModeStats extends Stats {
  readonly mode: number;
}

function isDirectory(this: ModeStats): boolean {
  return (this.mode & S_IFMT) === S_IFDIR;
}

function isFile(this: ModeStats): boolean {
  return (this.mode & S_IFMT) === S_IFREG;
}

function isSymbolicLink(this: ModeStats): boolean {
  return (this.mode & S_IFMT) === S_IFLNK;
}

/** struct statx_timestamp, linux/stat.h: seconds and nanoseconds. */
function milliseconds(bytes: Uint8Array, offset: number): number {
  return getU64(bytes, offset) * 1000 + getU32(bytes, offset + 8) / 1e6;
}

/** Reads struct statx, linux/stat.h. */
function decodeStatx(bytes: Uint8Array): ModeStats {
  return {
    // Unlike st_dev, which packs both; all that counts is that two differ.
    dev: getU32(bytes, 136) * 2 ** 32 + getU32(bytes, 140),
    ino: getU64(bytes, 32),
    mode: getU16(bytes, 28),
    birthtimeMs: milliseconds(bytes, 80),
    ctimeMs: milliseconds(bytes, 96),
    mtimeMs: milliseconds(bytes, 112),
    isDirectory,
    isFile,
    isSymbolicLink,
  };
}

/** Where the kernel writes what is read at once. */
const answer = new Uint8Array(256);

/** @param flags AT_*, for how the path is followed */
function statx(call: string, fd: number, path: string, flags: number): Stats {
  made(call, path, nr.statx, fd, cPath(path, call), flags, STATX_BASIC_STATS_AND_BTIME, answer);
  return decodeStatx(answer);
}

/** The names in a buffer of struct linux_dirent64 (getdents(2)): inode, offset, length, type, name. */
function direntNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = getU16(bytes, offset + 16);
    const name = readText(bytes.subarray(offset + 19, offset + length));
    if (name !== '.' && name !== '..') names.push(name);
    offset += length;
  }
  return names;
}

function listFolder(path: string): string[] {
  const flags = constants.O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const fd = made('scandir', path, nr.openat, AT_FDCWD, cPath(path, 'scandir'), flags);
  try {
    const names: string[] = [];
    const bytes = new Uint8Array(32 * 1024);
    for (;;) {
      const length = made('scandir', path, nr.getdents64, fd, bytes, bytes.length);
      if (length === 0) return names;
      for (const name of direntNames(bytes.subarray(0, length))) names.push(name);
    }
  } finally {
    files.closeSync(fd);
  }
}

function isFolder(path: string): boolean {
  try {
    return files.statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Makes the folders above first. Another process may make any of them meanwhile. */
function makeFolders(path: string, mode: number): void {
  const code = syscall(nr.mkdirat, AT_FDCWD, cPath(path, 'mkdir'), mode) < 0 ? errno() : 0;
  if (code === 0) return;
  const above = path.slice(0, path.lastIndexOf('/'));
  if (code === ENOENT && above !== '' && above !== path) {
    makeFolders(above, mode);
    makeFolders(path, mode);
  } else if (code !== EEXIST || !isFolder(path)) {
    throw refusal('mkdir', path, code);
  }
}

/** Two of struct timespec, each of two 64-bit numbers. */
function timespecs(accessed: number, changed: number): Uint8Array {
  const bytes = new Uint8Array(32);
  putTimespec(bytes, 0, accessed);
  putTimespec(bytes, 16, changed);
  return bytes;
}

/** @param time in seconds since 1970, before 2106 */
function putTimespec(bytes: Uint8Array, offset: number, time: number): void {
  const seconds = time >>> 0;
  putU32(bytes, offset, seconds);
  putU32(bytes, offset + 8, ((time - seconds) * 1e9) >>> 0);
}

/** {@link Files} by libc. */
const files: Files = {
  constants,
  openSync(path, flags, mode = 0o666) {
    return made('open', path, nr.openat, AT_FDCWD, cPath(path, 'open'), flags | O_CLOEXEC, mode);
  },
  closeSync(fd) {
    // An interrupted close has closed (close(2), on Linux).
    if (syscall(nr.close, fd) < 0 && errno() !== EINTR) throw refusal('close', undefined, errno());
  },
  readSync(fd, buffer) {
    return made('read', undefined, nr.read, fd, buffer, buffer.length);
  },
  writeSync(fd, bytes, position) {
    if (position === undefined) return made('write', undefined, nr.write, fd, bytes, bytes.length);
    return made('write', undefined, nr.pwrite64, fd, bytes, bytes.length, position);
  },
  fsyncSync(fd) {
    made('fsync', undefined, nr.fsync, fd);
  },
  ftruncateSync(fd, length) {
    made('ftruncate', undefined, nr.ftruncate, fd, length);
  },
  fstatSync(fd) {
    return statx('fstat', fd, '', AT_EMPTY_PATH);
  },
  lstatSync(path) {
    const name = cPath(path, 'lstat');
    const fields = STATX_BASIC_STATS_AND_BTIME;
    const result = syscall(nr.statx, AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, fields, answer);
    if (result >= 0) return decodeStatx(answer);
    if (errno() === ENOENT) return undefined;
    throw refusal('lstat', path, errno());
  },
  statSync(path) {
    return statx('stat', AT_FDCWD, path, 0);
  },
  statfsSync(path) {
    // struct statfs of 64-bit Linux: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree.
    made('statfs', path, nr.statfs, cPath(path, 'statfs'), answer);
    return {
      type: getU64(answer, 0),
      bfree: getU64(answer, 24),
      files: getU64(answer, 40),
      ffree: getU64(answer, 48),
    };
  },
  accessSync(path, mode) {
    made('access', path, nr.faccessat, AT_FDCWD, cPath(path, 'access'), mode);
  },
  linkSync(existing, path) {
    const [from, to] = [cPath(existing, 'link'), cPath(path, 'link')];
    made('link', `${existing}' -> '${path}`, nr.linkat, AT_FDCWD, from, AT_FDCWD, to);
  },
  renameSync(existing, path) {
    const [from, to] = [cPath(existing, 'rename'), cPath(path, 'rename')];
    made('rename', `${existing}' -> '${path}`, nr.renameat, AT_FDCWD, from, AT_FDCWD, to);
  },
  unlinkSync(path) {
    made('unlink', path, nr.unlinkat, AT_FDCWD, cPath(path, 'unlink'));
  },
  mkdirSync(path, { mode, recursive = false }) {
    if (recursive) makeFolders(path, mode);
    else made('mkdir', path, nr.mkdirat, AT_FDCWD, cPath(path, 'mkdir'), mode);
  },
  readdirSync: listFolder,
  utimesSync(path, accessed, changed) {
    made('utime', path, nr.utimensat, AT_FDCWD, cPath(path, 'utime'), timespecs(accessed, changed));
  },
};

export const {
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
  mkdirSync,
  readdirSync,
  utimesSync,
} = files;
export { constants };
