/**
 * A buffer that can be written as bytes and as 16-bit and 32-bit numbers in host byte order. Every number in a message
 * is aligned to its length, so it is one element.
 */
export interface Room {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

/** @param length in bytes, a multiple of 4 */
export function newRoom(length: number): Room {
  const buffer = new ArrayBuffer(length);
  return { bytes: new Uint8Array(buffer), halves: new Uint16Array(buffer), words: new Uint32Array(buffer) };
}
