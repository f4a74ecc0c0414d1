import { SystemError } from '../../error.ts';
import type { Libc } from '../libc.ts';
import { native } from './native.ts';
import './builtins.ts';

// Nobody reads an error's stack here, and capturing one costs as much as a netlink message.
Error.stackTraceLimit = 0;

/** asm-generic/signal.h; those that end programs, with the numbers of most architectures. */
const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  31: 'SIGSYS',
};

/** enum streams in program.c */
const streamsOf = { inherit: 0, capture: 1, foreground: 2 } as const;

/** {@link Libc} by the C half in this directory. */
export const libc: Libc = {
  socket: native.socket,
  setsockopt: native.setsockopt,
  send: native.send,
  recv: native.recv,
  setns: native.setns,
  unshare: native.unshare,
  flock: native.flock,
  awaitReadable: native.readable,
  clock: native.clock,
  randomBytes(length) {
    const bytes = new Uint8Array(length);
    const result = native.random(bytes);
    if (result < 0) throw new SystemError('get', 'random bytes', -result);
    return bytes;
  },
  encodeText: native.encode,
  decodeText: native.decode,
  textAt: native.textAt,
  hex: native.hex,
  readHeader: native.readHeader,
  indexAttributes: native.indexAttributes,
  argv0: native.argv0,
  args: native.args,
  columns: native.columns,
  signals: native.signals,
  environment: native.environment,
  run({ file, args, variables = {}, stdin, outputLimit, milliseconds, stderr }) {
    const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const ended = native.run(
      file,
      [file, ...args],
      pairs,
      stdin,
      outputLimit,
      milliseconds,
      streamsOf[stderr],
    );
    if (typeof ended === 'number') throw new SystemError('run', file, -ended);
    const [status, signal, out, errors] = ended;
    return {
      status: status < 0 ? undefined : status,
      signal: signal === 0 ? undefined : (signals[signal] ?? `signal ${signal}`),
      stdout: out,
      stderr: errors,
    };
  },
  start(main) {
    native.main = main;
  },
};
