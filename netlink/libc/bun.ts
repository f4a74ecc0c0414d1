import { dlopen, read, toArrayBuffer } from 'bun:ffi';
import { installArrayMethods } from './bun-arrays.ts';
import type { Libc } from './libc.ts';

installArrayMethods();

/** libc's functions (glibc 2.28 or later). Opening twenty costs no more than opening one. */
export const { symbols } = dlopen('libc.so.6', {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'buffer', 'u32'], returns: 'i32' },
  send: { args: ['i32', 'buffer', 'usize', 'i32'], returns: 'i32' },
  recv: { args: ['i32', 'buffer', 'usize', 'i32'], returns: 'i32' },
  setns: { args: ['i32', 'i32'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  open: { args: ['buffer', 'i32', 'u32'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  read: { args: ['i32', 'buffer', 'usize'], returns: 'i32' },
  write: { args: ['i32', 'buffer', 'usize'], returns: 'i32' },
  pwrite: { args: ['i32', 'buffer', 'usize', 'i32'], returns: 'i32' },
  fsync: { args: ['i32'], returns: 'i32' },
  ftruncate: { args: ['i32', 'i32'], returns: 'i32' },
  statx: { args: ['i32', 'buffer', 'i32', 'u32', 'buffer'], returns: 'i32' },
  statfs: { args: ['buffer', 'buffer'], returns: 'i32' },
  access: { args: ['buffer', 'i32'], returns: 'i32' },
  link: { args: ['buffer', 'buffer'], returns: 'i32' },
  rename: { args: ['buffer', 'buffer'], returns: 'i32' },
  unlink: { args: ['buffer'], returns: 'i32' },
  mkdir: { args: ['buffer', 'u32'], returns: 'i32' },
  opendir: { args: ['buffer'], returns: 'ptr' },
  readdir: { args: ['ptr'], returns: 'ptr' },
  closedir: { args: ['ptr'], returns: 'i32' },
  utimensat: { args: ['i32', 'buffer', 'buffer', 'i32'], returns: 'i32' },
  strerror: { args: ['i32'], returns: 'cstring' },
  __errno_location: { args: [], returns: 'ptr' },
});

function errno(): number {
  const location = symbols.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

/** Sets errno to 0, for a call that tells of a failure by nothing else. */
export function clearErrno(): void {
  const location = symbols.__errno_location();
  if (location !== null) new Int32Array(toArrayBuffer(location, 0, 4))[0] = 0;
}

/** libc by `bun:ffi`. */
export const libc: Libc = {
  socket: symbols.socket,
  setsockopt: (fd, level, name, value) => symbols.setsockopt(fd, level, name, value, value.length),
  send: (fd, bytes, flags) => symbols.send(fd, bytes, bytes.length, flags),
  recv: (fd, buffer, flags) => symbols.recv(fd, buffer, buffer.length, flags),
  setns: symbols.setns,
  flock: symbols.flock,
  errno,
};
