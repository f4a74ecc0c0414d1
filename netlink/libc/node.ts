import { readdirSync } from '#files';
import type { Libc } from './libc.ts';

/** fcntl.h */
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Loading ffi takes 15 ms and may fail: only once it is needed, where a failure is an error like any other. */
function openLibc() {
  const ffi: typeof import('ffi-napi') = require('ffi-napi');
  const functions = ffi.Library('libc.so.6', {
    socket: ['int', ['int', 'int', 'int']],
    setsockopt: ['int', ['int', 'int', 'int', 'pointer', 'uint32']],
    send: ['long', ['int', 'pointer', 'size_t', 'int']],
    recv: ['long', ['int', 'pointer', 'size_t', 'int']],
    setns: ['int', ['int', 'int']],
    flock: ['int', ['int', 'int']],
    fcntl: ['int', ['int', 'int', 'int']],
  });
  return { functions, errno: () => ffi.errno() };
}

let opened: ReturnType<typeof openLibc> | undefined;

function open(): ReturnType<typeof openLibc> {
  opened ??= openLibc();
  return opened;
}

/** The same memory as a Buffer, which is what ffi takes for a pointer. */
function pointer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** libc by `ffi-napi`. */
export const libc: Libc = {
  socket: (domain, type, protocol) => open().functions.socket(domain, type, protocol),
  setsockopt: (fd, level, name, value) =>
    open().functions.setsockopt(fd, level, name, pointer(value), value.length),
  send: (fd, bytes, flags) => Number(open().functions.send(fd, pointer(bytes), bytes.length, flags)),
  recv: (fd, buffer, flags) => Number(open().functions.recv(fd, pointer(buffer), buffer.length, flags)),
  setns: (fd, nstype) => open().functions.setns(fd, nstype),
  flock: (fd, operation) => open().functions.flock(fd, operation),
  closeOnExec: () => {
    for (const name of readdirSync('/proc/self/fd')) {
      if (Number(name) > 2) open().functions.fcntl(Number(name), F_SETFD, FD_CLOEXEC);
    }
  },
  errno: () => open().errno(),
};
