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

/** The host's byte order, which netlink headers and most attributes have. */
export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A view of `bytes` for reading numbers. */
export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One byte. */
export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

/** 16 bits in host byte order. */
export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  view(bytes).setUint16(0, value, littleEndian);
  return bytes;
}

/** 32 bits in host byte order. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  view(bytes).setUint32(0, value, littleEndian);
  return bytes;
}

/** 32 bits in network byte order, as nf_tables has its numbers. */
export function be32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  view(bytes).setUint32(0, value, false);
  return bytes;
}

/** 64 bits in network byte order. */
export function be64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  view(bytes).setBigUint64(0, value, false);
  return bytes;
}

/** A string in UTF-8. */
export function encodeText(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** How many bytes a string has in UTF-8. */
export function byteLength(value: string): number {
  return encodeText(value).length;
}

/** The string that bytes in UTF-8 are, what is none replaced by U+FFFD; a byte order mark stays. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Two lower-case hex digits for each byte. */
export function hex(bytes: Uint8Array, separator = ''): string {
  let digits = '';
  for (const byte of bytes) {
    if (digits !== '') digits += separator;
    digits += (byte < 16 ? '0' : '') + byte.toString(16);
  }
  return digits;
}

/** A string with the NUL that ends it. */
export function text(value: string): Uint8Array {
  const encoded = encodeText(value);
  const bytes = new Uint8Array(encoded.length + 1);
  bytes.set(encoded);
  return bytes;
}

/** 16 bits in host byte order; 0 where there are fewer bytes. */
export function readU16(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 2 ? 0 : view(bytes).getUint16(0, littleEndian);
}

/** 32 bits in host byte order; 0 where there are fewer bytes. */
export function readU32(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 4 ? 0 : view(bytes).getUint32(0, littleEndian);
}

/** 32 bits in network byte order; 0 where there are fewer bytes. */
export function readBe32(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 4 ? 0 : view(bytes).getUint32(0, false);
}

/** A string up to its first NUL; empty where there are no bytes. */
export function readText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Whether two byte strings are the same. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
