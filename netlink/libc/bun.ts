import { installArrayMethods } from './bun-arrays.ts';
import type { Libc } from './libc.ts';
import { syscallNumber as nr } from './syscall-number.ts';

installArrayMethods();

/** What a system call is given: a number, or bytes whose address is passed. */
export type Parameter = number | Uint8Array;

/** libc's functions, as far as they are asked for. */
interface Functions {
  /** syscall(2). A parameter that is left out is 0. */
  syscall(number: number, ...parameters: (Parameter | undefined)[]): number;
  /** errno(3): the address of the calling thread's. */
  __errno_location(): number;
  strerror(errno: number): string;
}

/** What `bun:ffi` stands on. That module is left out: loading it takes a tenth of the heap that an ADD has. */
interface FFI {
  dlopen(library: string, functions: object): Error | { readonly symbols: Functions };
  readonly read: { i32(address: number, offset: number): number };
}

const { FFI: ffi }: { FFI: FFI } = Object(globalThis).Bun;

function openLibc(functions: { readonly [name in keyof Functions]?: object }): Functions {
  const opened = ffi.dlopen('libc.so.6', functions);
  if (opened instanceof Error) throw opened;
  return opened.symbols;
}

/** Every function that is opened takes time: so there is one for all system calls. */
const { syscall, __errno_location } = openLibc({
  syscall: { args: ['i32', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  __errno_location: { args: [], returns: 'ptr' },
});

export { syscall };

/** The main thread's, the only one which makes system calls here. */
const errnoAddress = __errno_location();

/** errno(3), as the last failing call left it. */
export function errno(): number {
  return ffi.read.i32(errnoAddress, 0);
}

/** strerror(3): an errno value in words. */
export function errnoWords(value: number): string {
  return openLibc({ strerror: { args: ['i32'], returns: 'cstring' } }).strerror(value);
}

/** libc by Bun's FFI. */
export const libc: Libc = {
  socket: (domain, type, protocol) => syscall(nr.socket, domain, type, protocol),
  setsockopt: (fd, level, name, value) => syscall(nr.setsockopt, fd, level, name, value, value.length),
  send: (fd, bytes, flags) => syscall(nr.sendto, fd, bytes, bytes.length, flags),
  recv: (fd, buffer, flags) => syscall(nr.recvfrom, fd, buffer, buffer.length, flags),
  setns: (fd, nstype) => syscall(nr.setns, fd, nstype),
  flock: (fd, operation) => syscall(nr.flock, fd, operation),
  errno,
};
