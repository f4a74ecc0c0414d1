import ffi from 'ffi-napi';
import type { Libc } from './libc.ts';

const functions = ffi.Library('libc.so.6', {
  socket: ['int', ['int', 'int', 'int']],
  setsockopt: ['int', ['int', 'int', 'int', 'pointer', 'uint32']],
  send: ['long', ['int', 'pointer', 'size_t', 'int']],
  recv: ['long', ['int', 'pointer', 'size_t', 'int']],
  setns: ['int', ['int', 'int']],
  flock: ['int', ['int', 'int']],
});

/** The same memory as a Buffer, which is what ffi takes for a pointer. */
function pointer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** libc by `ffi-napi`. */
export const libc: Libc = {
  socket: (domain, type, protocol) => functions.socket(domain, type, protocol),
  setsockopt: (fd, level, name, value) => functions.setsockopt(fd, level, name, pointer(value), value.length),
  send: (fd, bytes, flags) => Number(functions.send(fd, pointer(bytes), bytes.length, flags)),
  recv: (fd, buffer, flags) => Number(functions.recv(fd, pointer(buffer), buffer.length, flags)),
  setns: (fd, nstype) => functions.setns(fd, nstype),
  flock: (fd, operation) => functions.flock(fd, operation),
  errno: () => ffi.errno(),
};
