import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { constants as os } from 'node:os';
import { fileErrorCode, SystemError } from '../../error.ts';
import type { Ended, Program } from '../libc.ts';
import { open } from './system.ts';

/** fcntl.h */
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** O_TMPFILE (asm-generic/fcntl.h, with O_DIRECTORY): a file without a name. */
const O_TMPFILE = 0o20200000;
/** Where a nameless file may be made, directories in memory first. */
const temporaryDirectories = ['/dev/shm', '/run', '/tmp'];

/** A nameless file with these bytes, positioned at its beginning; undefined if none can be made. */
function openTemporary(bytes: Uint8Array): number | undefined {
  for (const directory of temporaryDirectories) {
    let fd: number;
    try {
      fd = openSync(directory, constants.O_RDWR | O_TMPFILE, 0o600);
    } catch {
      continue;
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
      return fd;
    } catch {
      // The file system is full; the next may not be.
      closeSync(fd);
    }
  }
  return undefined;
}

/** Our caller may have left descriptors open, which Node would pass on. */
function closeOnExec(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) > 2) open().functions.fcntl(Number(name), F_SETFD, FD_CLOEXEC);
  }
}

/** {@link Libc.run} by `node:child_process`. Unlike on the other host, the program goes on when we are killed. */
export function run({ file, args, variables, outputLimit, milliseconds, stderr, ...rest }: Program): Ended {
  // Node's pipes are sockets, which a script can't open as /dev/stdin.
  const stdin = openTemporary(rest.stdin);
  try {
    closeOnExec();
    const isForeground = stderr === 'foreground';
    // A handler, though it never runs, keeps the terminal's signals from ending us.
    if (isForeground)
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
    const ended = spawnSync(file, args, {
      ...(stdin === undefined ? { input: rest.stdin } : {}),
      env: { ...process.env, ...variables },
      stdio: isForeground ? 'inherit' : [stdin ?? 'pipe', 'pipe', stderr === 'capture' ? 'pipe' : 'inherit'],
      timeout: milliseconds,
      killSignal: 'SIGKILL',
      maxBuffer: outputLimit,
    });
    const code = fileErrorCode(ended.error);
    // A program need not read all of its stdin.
    if (ended.error !== undefined && code !== 'EPIPE') {
      throw new SystemError('run', file, errnoNumber(code));
    }
    return {
      status: ended.status ?? undefined,
      signal: ended.signal ?? undefined,
      stdout: ended.stdout ?? new Uint8Array(),
      stderr: ended.stderr ?? new Uint8Array(),
    };
  } finally {
    if (stdin !== undefined) closeSync(stdin);
  }
}

function errnoNumber(code = 'EIO'): number {
  const numbers: Readonly<Record<string, number>> = os.errno;
  return numbers[code] ?? os.errno.EIO;
}
