/**
 * One piece of memory to write in, as bytes and as the numbers of both widths that netlink has, in host byte order.
 * Every number of a message stands at a multiple of its length, so that it is one element.
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
