import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isatty, WriteStream } from 'node:tty';
import type { Libc } from '../libc.ts';
import { run } from './run.ts';
import { open, pointer } from './system.ts';

const encoder = new TextEncoder();
/** A sigset_t of glibc, with bits for signals 2 and 15. */
const interruptAndTerminate = Uint8Array.of(0x02, 0x40, ...new Uint8Array(126));
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What a call returned, or the negative errno. */
function result(returned: number | bigint | string): number {
  const value = Number(returned);
  return value < 0 ? -open().errno() : value;
}

function readHeader(bytes: Uint8Array, at: number, fields: Uint32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  fields[0] = view.getUint32(0, true);
  fields[1] = view.getUint16(4, true);
  fields[2] = view.getUint16(6, true);
  fields[3] = view.getUint32(8, true);
  fields[4] = Math.min(view.byteLength, view.getUint32(0, true)) < 20 ? 0 : view.getUint32(16, true);
}

function textAt(bytes: Uint8Array, from: number, to: number): string {
  const text = bytes.subarray(from, to);
  const end = text.indexOf(0);
  return decoder.decode(end < 0 ? text : text.subarray(0, end));
}

function indexAttributes(bytes: Uint8Array, places: Uint32Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) return at;
    const place = 2 * (view.getUint16(at + 2, true) & 0x3fff);
    places[place] = at + 4;
    places[place + 1] = at + length;
    at += (length + 3) & ~3;
  }
  return -1;
}

/**
 * The words that the process was started by. Node follows links in process.argv0 and execPath; the kernel keeps them as
 * they were given.
 */
function commandLine(): string[] {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  } catch {
    return [process.argv0, ...process.argv.slice(2)];
  }
}

/** Sleeps without using the processor. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** {@link Libc} by `ffi-napi`, and by Node's own functions where there are any. */
export const libc: Libc = {
  socket: (domain, type, protocol) => result(open().functions.socket(domain, type, protocol)),
  setsockopt: (fd, level, name, value) =>
    result(open().functions.setsockopt(fd, level, name, pointer(value), value.length)),
  send: (fd, bytes, flags) => result(open().functions.send(fd, pointer(bytes), bytes.length, flags)),
  recv: (fd, buffer, flags) => result(open().functions.recv(fd, pointer(buffer), buffer.length, flags)),
  setns: (fd, nstype) => result(open().functions.setns(fd, nstype)),
  unshare: (flags) => result(open().functions.unshare(flags)),
  flock: (fd, operation) => result(open().functions.flock(fd, operation)),
  // The next try shows whether it is readable.
  awaitReadable: (_fd, milliseconds) => pause(Math.min(milliseconds, 1)),
  clock: () => performance.now(),
  randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  encodeText: (text) => encoder.encode(text),
  decodeText: (bytes) => decoder.decode(bytes),
  textAt,
  hex: (bytes, separator) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator),
  readHeader,
  indexAttributes,
  argv0: () => commandLine()[0] ?? process.argv0,
  args: () => commandLine().slice(1),
  columns: (fd) => (isatty(fd) ? new WriteStream(fd).columns || 80 : 0),
  // Another of Node's threads takes the signal.
  signals: () => result(open().functions.signalfd(-1, pointer(interruptAndTerminate), 0)),
  environment: (prefix) =>
    Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith(prefix))),
  run,
  start(main) {
    process.exit(main());
  },
};
