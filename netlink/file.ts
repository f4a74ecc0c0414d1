import { closeSync, constants, openSync, readSync, writeSync } from '#files';
import { concat, decodeText, encodeText } from './bytes.ts';

/** What `read` returns for an open file, which is closed whatever happens. */
function withFile<T>(path: string, read: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The whole of a file as text.
 * @throws an error whose `code` is the errno's name
 */
export function readFile(path: string): string {
  return withFile(path, readRest);
}

/** The buffer that values are read into. */
const value = new Uint8Array(4096);

/** The text from one read of a file, at most 4 KiB: all of a sysctl. */
export function readOnce(fd: number): string {
  return decodeText(value.subarray(0, readSync(fd, value)));
}

/**
 * The text of a file that one read returns whole, at most 4 KiB, such as a sysctl.
 * @throws an error whose `code` is the errno's name
 */
export function readValue(path: string): string {
  return withFile(path, readOnce);
}

/** The rest of an open file, as text. */
export function readRest(fd: number): string {
  const chunks: Uint8Array[] = [];
  for (let size = 2048; ; size *= 4) {
    const chunk = new Uint8Array(size);
    const length = readSync(fd, chunk);
    if (length === 0) return decodeText(concat(chunks));
    chunks.push(chunk.subarray(0, length));
  }
}

/**
 * Writes all of a text; a pipe may take it in parts.
 * @throws Node's error
 */
export function writeText(fd: number, text: string): void {
  const bytes = encodeText(text);
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes.subarray(offset));
}
