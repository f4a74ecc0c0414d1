import { readSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../../cni/error.ts';
import { concat } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';

/** The largest configuration. */
const limit = 1024 * 1024;

/**
 * Reads stdin to its end.
 * @throws CniError code 5 if it can't be read or is over 1 MiB
 */
export function readStdin(): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let chunk = new Uint8Array(4096);
  let filled = 0;
  for (;;) {
    let count: number;
    try {
      count = readSync(0, chunk.subarray(filled));
    } catch (error) {
      const code = fileErrorCode(error) ?? String(error);
      if (code === 'EOF') break;
      if (code === 'EAGAIN') {
        libc.awaitReadable(0, 1000);
        continue;
      }
      if (code === 'EINTR') continue;
      throw new CniError(errorCode.io, 'cannot read the configuration from stdin', code);
    }
    if (count === 0) break;
    length += count;
    if (length > limit)
      throw new CniError(errorCode.io, 'configuration on stdin is too long', `over ${limit} bytes`);
    filled += count;
    if (filled < chunk.length) continue;
    chunks.push(chunk);
    chunk = new Uint8Array(64 * 1024);
    filled = 0;
  }
  chunks.push(chunk.subarray(0, filled));
  return concat(chunks);
}
