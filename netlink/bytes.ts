import { libc } from '#libc';

/** Joins byte strings. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/*
 * Host byte order, which netlink headers and most attributes have, is little-endian on every machine that there is an
 * executable for.
 */

/** A view of bytes for reading and writing numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 16 bits in host byte order. @throws RangeError past the end */
export function getU16(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint16(offset, true);
}

/** 32 bits in host byte order, unsigned. @throws RangeError past the end */
export function getU32(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset, true);
}

/** Writes 16 bits in host byte order. */
export function putU16(bytes: Uint8Array, offset: number, value: number): void {
  viewOf(bytes).setUint16(offset, value, true);
}

/** Writes 32 bits in host byte order. */
export function putU32(bytes: Uint8Array, offset: number, value: number): void {
  viewOf(bytes).setUint32(offset, value, true);
}

/** One byte. */
export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

/** 16 bits in host byte order. */
export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  putU16(bytes, 0, value);
  return bytes;
}

/** 32 bits in host byte order. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

/** 32 bits in network byte order, as nf_tables has its numbers. */
export function be32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** 64 bits in network byte order. */
export function be64(value: bigint): Uint8Array {
  return concat([be32(Number(value >> 32n)), be32(Number(value & 0xffffffffn))]);
}

/** A string in UTF-8. */
export function encodeText(value: string): Uint8Array {
  return libc.encodeText(value);
}

/** How many bytes a string has in UTF-8. */
export function byteLength(value: string): number {
  return encodeText(value).length;
}

/** The string that bytes in UTF-8 are, what is none replaced by U+FFFD; a byte order mark stays. */
export function decodeText(bytes: Uint8Array): string {
  return libc.decodeText(bytes);
}

const hexDigits = '0123456789abcdef';

/** Two lower-case hex digits for each byte. */
export function hex(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (i > 0) text += separator;
    text += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15);
  }
  return text;
}

/** A string with the NUL that ends it. */
export function text(value: string): Uint8Array {
  return encodeText(`${value}\0`);
}

/** 16 bits in host byte order; 0 where there are fewer bytes. */
export function readU16(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 2 ? 0 : getU16(bytes, 0);
}

/** 32 bits in host byte order; 0 where there are fewer bytes. */
export function readU32(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 4 ? 0 : getU32(bytes, 0);
}

/** 32 bits in network byte order; 0 where there are fewer bytes. */
export function readBe32(bytes: Uint8Array | undefined): number {
  if (bytes === undefined || bytes.length < 4) return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** A string up to its first NUL; empty where there are no bytes. */
export function readText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Whether two byte strings are the same. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
