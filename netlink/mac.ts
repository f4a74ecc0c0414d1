import { hex } from './bytes.ts';

/** `aa:bb:cc:dd:ee:ff` of six bytes. */
export function formatMac(bytes: Uint8Array): string {
  return hex(bytes, ':');
}

/** Six bytes of `aa:bb:cc:dd:ee:ff` or `AA-BB-CC-DD-EE-FF`. */
export function macBytes(mac: string): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = Number.parseInt(mac.slice(3 * i, 3 * i + 2), 16);
  return bytes;
}
