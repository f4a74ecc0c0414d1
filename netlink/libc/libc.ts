/** A program to run; it gets its standard streams and no other descriptor. */
export interface Program {
  /** Its path. */
  readonly file: string;
  readonly args: readonly string[];
  /** Added to our own environment, or in the place of what has the same name there. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** The most that it may print on either stream, in bytes. */
  readonly outputLimit: number;
  /** After which it is killed. */
  readonly milliseconds: number;
  /**
   * Whether its stderr goes to ours or is kept; or whether all its standard streams are ours, as is our terminal, whose
   * signals then don't end us.
   */
  readonly stderr: 'inherit' | 'capture' | 'foreground';
}

/** How a program ended: by itself, or by a signal. */
export interface Ended {
  readonly status: number | undefined;
  /** `SIGKILL`, say. */
  readonly signal: string | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * All that the product asks of the system beyond files (`files.ts`). Two implementations stand beside this file, one
 * for each host; `#libc` (package.json "imports") names the one the bundle is made with.
 *
 * A system call returns what it returns, 0 or more, or the negative errno. Calls act on the calling thread, which is
 * the process's main thread.
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
  /** Waits until a descriptor can be read, or the time is over. */
  awaitReadable(fd: number, milliseconds: number): void;
  /** Milliseconds since some time in the past; never goes back. */
  clock(): number;
  /** Random bytes of the kernel's (getrandom(2)), at most 256. */
  randomBytes(length: number): Uint8Array;
  /** A string in UTF-8; half a surrogate pair becomes U+FFFD. */
  encodeText(text: string): Uint8Array;
  /** The string that bytes in UTF-8 are, what is none replaced by U+FFFD; a byte order mark stays. */
  decodeText(bytes: Uint8Array): string;
  /**
   * Notes in `places[type]` where the payload of each netlink attribute (struct nlattr) in `bytes` begins; of several of
   * one type the last's stays, types beyond the places are passed over.
   * @returns -1, or the place of an attribute that claims more bytes than there are
   */
  indexAttributes(bytes: Uint8Array, places: Uint32Array): number;
  /** The name that the process was started by, a link's where it was a link. */
  argv0(): string;
  /** The words after that name. */
  args(): readonly string[];
  /** How many columns a terminal has; 0 where the descriptor isn't a terminal's. */
  columns(fd: number): number;
  /** The variables of the environment whose names begin so. */
  environment(prefix: string): Readonly<Record<string, string | undefined>>;
  /**
   * Runs a program to its end.
   * @throws SystemError where it can't be started, ETIMEDOUT where it was killed for taking too long, ENOBUFS for
   *   printing too much
   */
  run(program: Program): Ended;
  /** Hands the process over to `main`, which returns the exit status. */
  start(main: () => number): void;
}
