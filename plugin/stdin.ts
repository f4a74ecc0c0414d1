import { readSync } from 'node:fs';
import { CniError, errorCode } from '../ipam/error.ts';

/** More than any configuration needs, and less than could hurt. */
const limit = 1024 * 1024;

/**
 * Reads standard input to its end, through the descriptor itself: the stream object costs milliseconds.
 *
 * @throws CniError code 5 when it can't be read or is longer than 1 MiB
 */
export function readStdin(): Uint8Array {
  let buffer = new Uint8Array(8192);
  let length = 0;
  for (;;) {
    const count = readSome(buffer.subarray(length));
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > limit) {
      throw new CniError(errorCode.io, 'error reading from stdin: the configuration is longer than 1 MiB');
    }
    if (length === buffer.length) {
      const larger = new Uint8Array(buffer.length * 4);
      larger.set(buffer);
      buffer = larger;
    }
  }
}

/** One read(2), waiting where the runtime has handed over a descriptor that does not block. */
function readSome(target: Uint8Array): number {
  for (;;) {
    try {
      return readSync(0, target);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN' && code !== 'EINTR') {
        throw new CniError(errorCode.io, `error reading from stdin: ${code ?? error}`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}
