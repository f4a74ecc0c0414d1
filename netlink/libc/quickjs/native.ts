/** The system calls of calls.c: each returns 0 or more, or the negative errno. */
interface SystemCalls {
  open(path: string, flags: number, mode: number): number;
  close(fd: number): number;
  read(fd: number, buffer: Uint8Array): number;
  write(fd: number, bytes: Uint8Array): number;
  pwrite(fd: number, bytes: Uint8Array, position: number): number;
  fsync(fd: number): number;
  ftruncate(fd: number, length: number): number;
  access(path: string, mode: number): number;
  link(existing: string, path: string): number;
  rename(existing: string, path: string): number;
  unlink(path: string): number;
  unlinkat(path: string, flags: number): number;
  symlink(target: string, path: string): number;
  readlink(path: string, buffer: Uint8Array): number;
  fchmod(fd: number, mode: number): number;
  mkdir(path: string, mode: number): number;
  flock(fd: number, operation: number): number;
  setns(fd: number, nstype: number): number;
  unshare(flags: number): number;
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  send(fd: number, bytes: Uint8Array, flags: number): number;
  recv(fd: number, buffer: Uint8Array, flags: number): number;
  /** Device, inode, mode, birth, status change and modification, in milliseconds since 1970. */
  stat(fd: number, path: string, flags: number): number[] | number;
  /** Type, free blocks, files, free files. */
  statfs(path: string): number[] | number;
  /** The names in an open directory, without `.` and `..`. */
  names(fd: number): string[] | number;
  /** Two sums of hashes of address and inode, over the addresses among them, from `skip` on. */
  sumAddresses(fd: number, skip: number): number[] | number;
  utimes(path: string, accessed: number, modified: number): number;
  readable(fd: number, milliseconds: number): number;
  clock(): number;
  random(bytes: Uint8Array): number;
}

/** The constants of fcntl.h and unistd.h, which differ between architectures. */
interface Constants {
  readonly O_RDONLY: number;
  readonly O_WRONLY: number;
  readonly O_RDWR: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_APPEND: number;
  readonly O_NONBLOCK: number;
  readonly O_NOFOLLOW: number;
  readonly O_DIRECTORY: number;
  readonly F_OK: number;
  readonly W_OK: number;
  readonly X_OK: number;
}

/** The functions of text.c, attributes.c, terminal.c, program.c and part.c. */
interface Rest {
  readHeader(bytes: Uint8Array, at: number, fields: Uint32Array): void;
  indexAttributes(bytes: Uint8Array, places: Uint32Array): number;
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
  hex(bytes: Uint8Array, separator: string): string;
  textAt(bytes: Uint8Array, from: number, to: number): string;
  strerror(errno: number): string;
  argv0(): string;
  args(): string[];
  columns(fd: number): number;
  /** A descriptor from which SIGINT and SIGTERM are read from now on, or the negative errno. */
  signals(): number;
  environment(prefix: string): Record<string, string>;
  run(
    file: string,
    argv: readonly string[],
    variables: readonly string[],
    stdin: Uint8Array,
    limit: number,
    milliseconds: number,
    /** 0: stderr is ours; 1: none is; 2: all are, and the terminal's signals are the program's. */
    streams: number,
  ): [status: number, signal: number, stdout: Uint8Array, stderr: Uint8Array] | number;
  /** The executable's second script: a function of what the first shares with it. */
  part(): (shared: unknown) => unknown;
  /** Set by what build/quickjs/bundle.ts adds to the first script. */
  readonly shared?: unknown;
  /** The program, which main.c takes after the top level has run. */
  main?: () => number;
}

/** The C half. A wrong type throws a TypeError; no argument gives access to other memory. */
export interface Native extends SystemCalls, Constants, Rest {}

/** main.c deletes the global after the top level has run. */
export const { native }: { native: Native } = Object(globalThis);
