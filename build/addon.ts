import { constants, openSync, writeSync } from 'node:fs';
import { constants as os } from 'node:os';

/** __O_TMPFILE | O_DIRECTORY, asm-generic/fcntl.h: a file in this directory that never has a name. */
const O_TMPFILE = 0o20200000;

/** In-memory directories first; any may be missing, read-only, or mounted noexec. */
const directories = ['/run', '/dev/shm', '/tmp', '/var/tmp'];

/**
 * Loads a native addon from its bytes, through a nameless file that nobody else can open and that vanishes with its
 * descriptor.
 * @throws Error that says why none of the directories would do
 */
export function loadAddon(bytes: Uint8Array): unknown {
  const reasons: string[] = [];
  for (const directory of directories) {
    try {
      // The descriptor stays open: the loader identifies a library by its path, and a reused number would mean the
      // first library.
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
