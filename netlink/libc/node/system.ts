/** Loading ffi takes 15 ms and may fail, so it happens on first use, where a failure is an error like any other. */
function openLibc() {
  const ffi: typeof import('ffi-napi') = require('ffi-napi');
  const functions = ffi.Library('libc.so.6', {
    socket: ['int', ['int', 'int', 'int']],
    setsockopt: ['int', ['int', 'int', 'int', 'pointer', 'uint32']],
    send: ['long', ['int', 'pointer', 'size_t', 'int']],
    recv: ['long', ['int', 'pointer', 'size_t', 'int']],
    setns: ['int', ['int', 'int']],
    unshare: ['int', ['int']],
    flock: ['int', ['int', 'int']],
    signalfd: ['int', ['int', 'pointer', 'int']],
    fcntl: ['int', ['int', 'int', 'int']],
  });
  return { functions, errno: () => ffi.errno() };
}

let opened: ReturnType<typeof openLibc> | undefined;

/** libc's functions by `ffi-napi`. */
export function open(): ReturnType<typeof openLibc> {
  opened ??= openLibc();
  return opened;
}

/** The same memory as a Buffer, which ffi accepts as a pointer. */
export function pointer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
