/**
 * All that the product asks of libc beyond files (`files.ts`). Two implementations stand beside this file,
 * one for each host; `#libc` (package.json "imports") names the one the bundle is made with.
 *
 * Every call returns what the C function returns; after -1, `errno()` tells why. Calls act on the calling
 * thread, which is the process's main thread.
 */
export interface Libc {
  /** socket(2) */
  socket(domain: number, type: number, protocol: number): number;
  /** setsockopt(2) with an `int` value. */
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** send(2); the whole of `bytes`. */
  send(fd: number, bytes: Uint8Array, flags: number): number;
  /** recv(2) into `buffer`. */
  recv(fd: number, buffer: Uint8Array, flags: number): number;
  /** setns(2) */
  setns(fd: number, nstype: number): number;
  /** flock(2) */
  flock(fd: number, operation: number): number;
  /**
   * Keeps every descriptor but the standard streams from programs that are run, by fcntl(2); absent where the host's
   * own spawn passes none on.
   */
  closeOnExec?(): void;
  /** The calling thread's errno, as the last failing call left it. */
  errno(): number;
}
