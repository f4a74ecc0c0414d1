import { libc } from '#libc';

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const { length: count } = parts;
  let length = 0;
  for (let i = 0; i < count; i++) length += parts[i]?.length ?? 0;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const part = parts[i];
    if (part === undefined) continue;
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/*
 * Netlink headers and most attributes are in host byte order, which is little-endian on every supported architecture.
 * Bytes are combined by hand: creating a DataView takes longer than reading them.
 */

/** 16 bits in host byte order; bytes past the end count as 0. */
export function getU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** 32 bits in host byte order, unsigned; bytes past the end count as 0. */
export function getU32(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
  return (low | ((bytes[offset + 2] ?? 0) << 16) | ((bytes[offset + 3] ?? 0) << 24)) >>> 0;
}

/** 16 bits in network byte order; bytes past the end count as 0. */
export function getBe16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** 32 bits in network byte order, unsigned; bytes past the end count as 0. */
export function getBe32(bytes: Uint8Array, offset: number): number {
  const high = ((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16);
  return (high | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)) >>> 0;
}

/** Writes 32 bits in host byte order. */
export function putU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >> 8;
  bytes[offset + 2] = value >> 16;
  bytes[offset + 3] = value >> 24;
}

/** Writes 16 bits in network byte order. */
export function putBe16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value;
}

/** Writes 32 bits in network byte order. */
export function putBe32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 24;
  bytes[offset + 1] = value >> 16;
  bytes[offset + 2] = value >> 8;
  bytes[offset + 3] = value;
}

/** 32 bits in host byte order. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

/** 32 bits in network byte order, as nf_tables has its numbers. */
export function be32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putBe32(bytes, 0, value);
  return bytes;
}

/** A string in UTF-8. */
export function encodeText(value: string): Uint8Array {
  return libc.encodeText(value);
}

/** The length of a string in UTF-8, in bytes. */
export function byteLength(value: string): number {
  return encodeText(value).length;
}

/** Decodes UTF-8; invalid bytes become U+FFFD, a byte order mark stays. */
export function decodeText(bytes: Uint8Array): string {
  return libc.decodeText(bytes);
}

/** Two lower-case hex digits for each byte. */
export function hex(bytes: Uint8Array, separator = ''): string {
  return libc.hex(bytes, separator);
}

/** A string in UTF-8 with a terminating NUL. */
export function text(value: string): Uint8Array {
  return encodeText(`${value}\0`);
}

/** The text between two offsets, up to its first NUL. */
export function textAt(bytes: Uint8Array, from: number, to: number): string {
  return libc.textAt(bytes, from, to);
}

/** Whether two byte arrays are equal. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
