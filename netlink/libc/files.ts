/** What a path names, as far as anybody here asks (inode(7)). */
export interface Stats {
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** As `ctimeMs`, or 0, where the file system doesn't record it. */
  readonly birthtimeMs: number;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * The part of `node:fs` that the product uses, under the same names and with the same meaning, and one more. Two implementations
 * stand beside this file, one for each host; `#files` (package.json "imports") names the one the bundle is made with.
 *
 * Descriptors are closed on exec. What is refused is an error with the errno's name as its `code`, as node's are.
 */
export interface Files {
  readonly constants: {
    readonly O_RDONLY: number;
    readonly O_WRONLY: number;
    readonly O_RDWR: number;
    readonly O_CREAT: number;
    readonly O_EXCL: number;
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
  /** @returns how many bytes were written; at the file's position where none is given */
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
  mkdirSync(path: string, options: { readonly mode: number; readonly recursive?: boolean }): void;
  /** The names in a directory, `.` and `..` left out. */
  readdirSync(path: string): string[];
  /**
   * Two sums, modulo 2^32, over the addresses in a directory: of each regular file whose name, from `skip` on, is made of
   * hexadecimal digits with `.` or `:` among them, the hash of that part of the name and of the inode. Files by other
   * names or other files by the same names come to another sum, but once in 2^64.
   */
  sumAddressesSync(path: string, skip: number): readonly [number, number];
  /** @param time of last access and of last change, in whole seconds since 1970 */
  utimesSync(path: string, time: number, changed: number): void;
}
