import { closeSync, constants, openSync, readSync } from '#files';

/** Random bytes of the kernel's. `node:crypto` has them too, and takes longer to load than all else here. */
export function randomBytes(length: number): Uint8Array {
  const fd = openSync('/dev/urandom', constants.O_RDONLY);
  try {
    const bytes = new Uint8Array(length);
    readSync(fd, bytes);
    return bytes;
  } finally {
    closeSync(fd);
  }
}
