import { hex } from './bytes.ts';

/** `aa:bb:cc:dd:ee:ff` of six bytes. */
export function formatMac(bytes: Uint8Array): string {
  return hex(bytes, ':');
}

/** Six bytes of `aa:bb:cc:dd:ee:ff` or `AA-BB-CC-DD-EE-FF`. */
export function macBytes(mac: string): Uint8Array {
  return new Uint8Array(mac.split(/[:-]/).map((byte) => Number.parseInt(byte, 16)));
}
