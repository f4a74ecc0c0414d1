import { CString } from 'bun:ffi';
import { text, view } from '../bytes.ts';
import { errnoName } from '../error.ts';
import { clearErrno, libc, symbols } from './bun.ts';
import type { Files, Stats } from './files.ts';

/** fcntl.h: the same on every architecture but for O_NOFOLLOW, which arm64 has elsewhere. */
const O_CLOEXEC = 0o2000000;
const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NONBLOCK: 0o4000,
  O_NOFOLLOW: process.arch === 'arm64' ? 0o100000 : 0o400000,
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
function refusal(syscall: string, path: string | undefined, errno: number): Error {
  const code = errnoName(errno);
  const reason = String(symbols.strerror(errno)).toLowerCase();
  const object = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: ${reason}, ${syscall}${object}`), { code, errno, syscall, path });
}

/** A path as C has it. A NUL within would cut it short there. */
function cPath(path: string, syscall: string): Uint8Array {
  if (path.includes('\0')) throw refusal(syscall, path.replaceAll('\0', '\\0'), ENOENT);
  return text(path);
}

/** The result of a call that is made again where a signal interrupts it. */
function retried(syscall: string, path: string | undefined, run: () => number): number {
  for (;;) {
    const result = run();
    if (result >= 0) return result;
    const errno = libc.errno();
    if (errno !== EINTR) throw refusal(syscall, path, errno);
  }
}

/** @param flags AT_*, for how the path is followed */
function statx(fd: number, path: string, flags: number, syscall: string): Stats {
  const bytes = new Uint8Array(256);
  const name = cPath(path, syscall);
  retried(syscall, path, () => symbols.statx(fd, name, flags, STATX_BASIC_STATS_AND_BTIME, bytes));
  // struct statx, linux/stat.h
  const numbers = view(bytes);
  const milliseconds = (offset: number) =>
    Number(numbers.getBigInt64(offset, true)) * 1000 + numbers.getUint32(offset + 8, true) / 1e6;
  const type = numbers.getUint16(28, true) & S_IFMT;
  return {
    // Unlike st_dev, which packs both; all that counts is that two differ.
    dev: numbers.getUint32(136, true) * 2 ** 32 + numbers.getUint32(140, true),
    ino: Number(numbers.getBigUint64(32, true)),
    birthtimeMs: milliseconds(80),
    ctimeMs: milliseconds(96),
    mtimeMs: milliseconds(112),
    isDirectory: () => type === S_IFDIR,
    isFile: () => type === S_IFREG,
    isSymbolicLink: () => type === S_IFLNK,
  };
}

function listFolder(path: string): string[] {
  const folder = symbols.opendir(cPath(path, 'scandir'));
  if (folder === null) throw refusal('scandir', path, libc.errno());
  try {
    const names: string[] = [];
    for (;;) {
      const entry = symbols.readdir(folder) ?? again(folder, path);
      if (entry === undefined) return names;
      // struct dirent of 64-bit glibc: the name stands behind inode, offset, length and type.
      const name = new CString(entry, 19).toString();
      if (name !== '.' && name !== '..') names.push(name);
    }
  } finally {
    symbols.closedir(folder);
  }
}

/**
 * What follows where readdir(3) gave nothing: undefined at the end. Only errno tells that from a failure, and what was
 * called between may have left one: so it is asked once more.
 */
function again(
  folder: NonNullable<ReturnType<typeof symbols.opendir>>,
  path: string,
): typeof folder | undefined {
  clearErrno();
  const entry = symbols.readdir(folder);
  if (entry !== null) return entry;
  const errno = libc.errno();
  if (errno !== 0) throw refusal('scandir', path, errno);
  return undefined;
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
  const code = symbols.mkdir(cPath(path, 'mkdir'), mode) < 0 ? libc.errno() : 0;
  if (code === 0) return;
  const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
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
  const numbers = view(bytes);
  for (const [offset, time] of [
    [0, accessed],
    [16, changed],
  ] as const) {
    numbers.setBigInt64(offset, BigInt(Math.floor(time)), true);
    numbers.setUint32(offset + 8, Math.floor((time % 1) * 1e9), true);
  }
  return bytes;
}

/** {@link Files} by libc. */
const files: Files = {
  constants,
  openSync(path, flags, mode = 0o666) {
    const name = cPath(path, 'open');
    return retried('open', path, () => symbols.open(name, flags | O_CLOEXEC, mode));
  },
  closeSync(fd) {
    // An interrupted close has closed (close(2), on Linux).
    if (symbols.close(fd) < 0 && libc.errno() !== EINTR) throw refusal('close', undefined, libc.errno());
  },
  readSync: (fd, buffer) => retried('read', undefined, () => symbols.read(fd, buffer, buffer.length)),
  writeSync: (fd, bytes, position) =>
    retried('write', undefined, () =>
      position === undefined
        ? symbols.write(fd, bytes, bytes.length)
        : symbols.pwrite(fd, bytes, bytes.length, position),
    ),
  fsyncSync: (fd) => void retried('fsync', undefined, () => symbols.fsync(fd)),
  ftruncateSync: (fd, length) => void retried('ftruncate', undefined, () => symbols.ftruncate(fd, length)),
  fstatSync: (fd) => statx(fd, '', AT_EMPTY_PATH, 'fstat'),
  lstatSync(path) {
    try {
      return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 'lstat');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return undefined;
      throw error;
    }
  },
  statSync: (path) => statx(AT_FDCWD, path, 0, 'stat'),
  statfsSync(path) {
    const bytes = new Uint8Array(256);
    const name = cPath(path, 'statfs');
    retried('statfs', path, () => symbols.statfs(name, bytes));
    // struct statfs of 64-bit Linux: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree.
    const numbers = view(bytes);
    const field = (index: number) => Number(numbers.getBigUint64(8 * index, true));
    return { type: field(0), bfree: field(3), files: field(5), ffree: field(6) };
  },
  accessSync(path, mode) {
    const name = cPath(path, 'access');
    retried('access', path, () => symbols.access(name, mode));
  },
  linkSync(existing, path) {
    const names = [cPath(existing, 'link'), cPath(path, 'link')] as const;
    retried('link', `${existing}' -> '${path}`, () => symbols.link(...names));
  },
  renameSync(from, to) {
    const names = [cPath(from, 'rename'), cPath(to, 'rename')] as const;
    retried('rename', `${from}' -> '${to}`, () => symbols.rename(...names));
  },
  unlinkSync(path) {
    const name = cPath(path, 'unlink');
    retried('unlink', path, () => symbols.unlink(name));
  },
  mkdirSync(path, { mode, recursive = false }) {
    if (recursive) makeFolders(path, mode);
    else if (symbols.mkdir(cPath(path, 'mkdir'), mode) < 0) throw refusal('mkdir', path, libc.errno());
  },
  readdirSync: listFolder,
  utimesSync(path, accessed, changed) {
    const name = cPath(path, 'utime');
    retried('utime', path, () => symbols.utimensat(AT_FDCWD, name, timespecs(accessed, changed), 0));
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
