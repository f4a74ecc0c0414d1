import { hex } from './bytes.ts';

/** Formats six bytes as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(bytes: Uint8Array): string {
  return hex(bytes, ':');
}

/** Parses `aa:bb:cc:dd:ee:ff` or `AA-BB-CC-DD-EE-FF` into six bytes. */
export function macBytes(mac: string): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = Number.parseInt(mac.slice(3 * i, 3 * i + 2), 16);
  return bytes;
}
