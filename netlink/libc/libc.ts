/** A program to run. It gets the standard streams and no other descriptor. */
export interface Program {
  /** Its path. */
  readonly file: string;
  readonly args: readonly string[];
  /** Added to our own environment, replacing variables of the same name. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** How many bytes it may print on either stream. */
  readonly outputLimit: number;
  /** How long it may run before it is killed. */
  readonly milliseconds: number;
  /**
   * Whether its stderr goes to ours or is captured; or whether all its standard streams are ours, as is our terminal,
   * whose signals then don't end us.
   */
  readonly stderr: 'inherit' | 'capture' | 'foreground';
}

/** How a program ended: with a status, or by a signal. */
export interface Ended {
  readonly status: number | undefined;
  /** Such as `SIGKILL`. */
  readonly signal: string | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Everything that the product needs of the system beyond files (`files.ts`). There are two implementations, one for
 * each host: `#libc` (package.json "imports") is the one in the bundle.
 *
 * A system call returns 0 or more, or the negative errno. Calls act on the calling thread, which is the process's main
 * thread.
 */
export interface Libc {
  /** socket(2) */
  socket(domain: number, type: number, protocol: number): number;
  /** setsockopt(2) */
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** send(2); the whole of `bytes`. */
  send(fd: number, bytes: Uint8Array, flags: number): number;
  /** recv(2) into `buffer`. */
  recv(fd: number, buffer: Uint8Array, flags: number): number;
  /** setns(2) */
  setns(fd: number, nstype: number): number;
  /** unshare(2) */
  unshare(flags: number): number;
  /** flock(2) */
  flock(fd: number, operation: number): number;
  /** Waits until a descriptor is readable or the time is up. */
  awaitReadable(fd: number, milliseconds: number): void;
  /** Milliseconds since some time in the past (monotonic). */
  clock(): number;
  /** The kernel's random bytes (getrandom(2)), at most 256. */
  randomBytes(length: number): Uint8Array;
  /** Encodes UTF-8; an unpaired surrogate becomes U+FFFD. */
  encodeText(text: string): Uint8Array;
  /** Decodes UTF-8; invalid bytes become U+FFFD, a byte order mark stays. */
  decodeText(bytes: Uint8Array): string;
  /** Two lower-case hex digits for each byte. */
  hex(bytes: Uint8Array, separator: string): string;
  /** Decodes UTF-8 between two offsets, up to the first NUL. */
  textAt(bytes: Uint8Array, from: number, to: number): string;
  /**
   * Stores in `fields` length, type, flags and sequence number of the netlink message at `at` (struct nlmsghdr), and the
   * 32 bits after its header, 0 if it has none.
   */
  readHeader(bytes: Uint8Array, at: number, fields: Uint32Array): void;
  /**
   * Stores in `places[2 * type]` where the payload of each netlink attribute (struct nlattr) in `bytes` begins, and after
   * that where it ends; of several with the same type the last one counts, and types beyond the array are ignored.
   * @returns -1, or the offset of an attribute that claims more bytes than there are
   */
  indexAttributes(bytes: Uint8Array, places: Uint32Array): number;
  /** The name that the process was started by: the link's, if it was a link. */
  argv0(): string;
  /** The words after that name. */
  args(): readonly string[];
  /** How many columns a terminal has; 0 where the descriptor isn't a terminal's. */
  columns(fd: number): number;
  /**
   * A signalfd(2) for SIGINT and SIGTERM, which from now on end the process only by what is read from it: also if it is
   * process 1, for which the kernel would drop them. (On Node they end it as ever.)
   */
  signals(): number;
  /** The environment variables whose names have this prefix. */
  environment(prefix: string): Readonly<Record<string, string | undefined>>;
  /**
   * Runs a program to its end.
   * @throws SystemError if it can't be started, ETIMEDOUT if it was killed for taking too long, ENOBUFS for
   *   printing too much
   */
  run(program: Program): Ended;
  /** Runs `main` as the process's main function; it returns the exit status. */
  start(main: () => number): void;
}
