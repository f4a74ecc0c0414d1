import { dlopen, read } from 'bun:ffi';
import type { Libc } from './libc.ts';

const { symbols } = dlopen('libc.so.6', {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'buffer', 'u32'], returns: 'i32' },
  send: { args: ['i32', 'buffer', 'usize', 'i32'], returns: 'i32' },
  recv: { args: ['i32', 'buffer', 'usize', 'i32'], returns: 'i32' },
  setns: { args: ['i32', 'i32'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  __errno_location: { args: [], returns: 'ptr' },
});

/** libc by `bun:ffi`. */
export const libc: Libc = {
  socket: symbols.socket,
  setsockopt: (fd, level, name, value) => symbols.setsockopt(fd, level, name, value, value.length),
  send: (fd, bytes, flags) => symbols.send(fd, bytes, bytes.length, flags),
  recv: (fd, buffer, flags) => symbols.recv(fd, buffer, buffer.length, flags),
  setns: symbols.setns,
  flock: symbols.flock,
  errno: () => {
    const location = symbols.__errno_location();
    return location === null ? 0 : read.i32(location, 0);
  },
};
