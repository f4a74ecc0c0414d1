import { writeSync } from '#files';
import { libc } from '#libc';

/** Writes all of a text to a descriptor; a pipe may take it in parts. */
export function print(text: string, fd = 1): void {
  const bytes = libc.encodeText(text);
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes.subarray(offset));
}
