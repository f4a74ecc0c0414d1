import { hex } from './bytes.ts';

/** Formats six bytes as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(bytes: Uint8Array): string {
  return hex(bytes, ':');
}

/** Parses `aa:bb:cc:dd:ee:ff` or `AA-BB-CC-DD-EE-FF` into six bytes. */
export function macBytes(mac: string): Uint8Array {
  return new Uint8Array(mac.split(/[:-]/).map((byte) => Number.parseInt(byte, 16)));
}
