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
  for (;;) {
    const chunk = new Uint8Array(length === 0 ? 4096 : 64 * 1024);
    let count: number;
    try {
      count = readSync(0, chunk);
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
    chunks.push(chunk.subarray(0, count));
  }
  return concat(chunks);
}
