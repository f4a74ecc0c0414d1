/** What is used of a file's status (inode(7)). */
export interface Stats {
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Equals `ctimeMs`, or is 0, if the file system doesn't record it. */
  readonly birthtimeMs: number;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * The part of `node:fs` that the product uses, with the same names and meanings, plus one function. There are two
 * implementations, one for each host: `#files` (package.json "imports") is the one in the bundle.
 *
 * Descriptors are closed on exec. Errors have the errno's name as their `code`, as in Node.
 */
export interface Files {
  readonly constants: {
    readonly O_RDONLY: number;
    readonly O_WRONLY: number;
    readonly O_RDWR: number;
    readonly O_CREAT: number;
    readonly O_EXCL: number;
    readonly O_APPEND: number;
    readonly O_NOFOLLOW: number;
    readonly O_NONBLOCK: number;
    readonly F_OK: number;
    readonly W_OK: number;
    readonly X_OK: number;
  };
  openSync(path: string, flags: number, mode?: number): number;
  closeSync(fd: number): void;
  /** @returns how many bytes were read; the position moves on */
  readSync(fd: number, buffer: Uint8Array): number;
  /** Writes at the file's position if none is given. @returns how many bytes were written */
  writeSync(fd: number, bytes: Uint8Array, position?: number): number;
  fsyncSync(fd: number): void;
  ftruncateSync(fd: number, length: number): void;
  fstatSync(fd: number): Stats;
  lstatSync(path: string, options: { readonly throwIfNoEntry: false }): Stats | undefined;
  statSync(path: string): Stats;
  statfsSync(path: string): { type: number; bfree: number; files: number; ffree: number };
  accessSync(path: string, mode: number): void;
  linkSync(existing: string, path: string): void;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  /** An empty directory. */
  rmdirSync(path: string): void;
  symlinkSync(target: string, path: string): void;
  readlinkSync(path: string): string;
  fchmodSync(fd: number, mode: number): void;
  mkdirSync(path: string, options: { readonly mode: number; readonly recursive?: boolean }): void;
  /** The names in a directory, without `.` and `..`. */
  readdirSync(path: string): string[];
  /**
   * Two sums, modulo 2^32, over the addresses in a directory: for each regular file whose name, from `skip` on,
   * consists of hexadecimal digits with `.` or `:` among them, the hash of that part of the name and of the inode.
   * Other names, or other files under the same names, give the same sums only once in 2^64.
   */
  sumAddressesSync(path: string, skip: number): readonly [number, number];
  /** @param time of last access and of last change, in whole seconds since 1970 */
  utimesSync(path: string, time: number, changed: number): void;
}
