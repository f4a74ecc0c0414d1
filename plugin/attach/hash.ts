import { sha512 } from '@noble/hashes/sha2.js';
import { encodeText, hex } from '../../netlink/bytes.ts';

/** The first hex digits of a text's SHA-512, from which the Go plugin makes names too. */
export function hashDigits(text: string, digits: number): string {
  return hex(sha512(encodeText(text))).slice(0, digits);
}
