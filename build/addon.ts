import { constants, openSync, writeSync } from 'node:fs';
import { constants as os } from 'node:os';

/** __O_TMPFILE | O_DIRECTORY, asm-generic/fcntl.h: a file in this directory that never has a name. */
const O_TMPFILE = 0o20200000;

/** Directories in memory first; any may be missing, read-only, or mounted noexec. */
const directories = ['/run', '/dev/shm', '/tmp', '/var/tmp'];

/**
 * Loads a native addon from its bytes, by way of a nameless file that nobody else can open and that is gone with its
 * descriptor.
 * @throws Error that says why none of the directories was of use
 */
export function loadAddon(bytes: Uint8Array): unknown {
  const reasons: string[] = [];
  for (const directory of directories) {
    try {
      // The descriptor stays open: the loader knows a library by its path, and a number used again would be the
      // first library's.
      const fd = openSync(directory, O_TMPFILE | constants.O_RDWR | constants.O_EXCL, 0o700);
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
      const loaded: { exports: unknown } = { exports: {} };
      process.dlopen(loaded, `/proc/self/fd/${fd}`, os.dlopen.RTLD_NOW);
      return loaded.exports;
    } catch (error) {
      reasons.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`cannot load a native addon: ${reasons.join('; ')}`);
}
