import { concat, littleEndian, view } from './bytes.ts';
import { ProtocolError } from './error.ts';

const headerLength = 4;
/** NLA_F_NESTED (linux/netlink.h): the payload is attributes. */
const nestedFlag = 0x8000;
/** NLA_TYPE_MASK: the type less NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const typeMask = 0x3fff;

/** Rounds up to the 4 bytes that messages and attributes are aligned to (NLMSG_ALIGN, NLA_ALIGN). */
export function align(length: number): number {
  return (length + 3) & ~3;
}

/** One attribute with its padding (struct nlattr, linux/netlink.h); numbers in `payload` as given. */
export function attribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align(headerLength + payload.length));
  const header = view(bytes);
  header.setUint16(0, headerLength + payload.length, littleEndian);
  header.setUint16(2, type, littleEndian);
  bytes.set(payload, headerLength);
  return bytes;
}

/** An attribute made of attributes, marked as nested. */
export function nested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return attribute(type | nestedFlag, concat(attributes));
}

/**
 * Reads attributes one after another: each type (flags masked) with its payload, in order.
 * @throws ProtocolError where one claims more bytes than there are
 */
export function attributeList(bytes: Uint8Array): [number, Uint8Array][] {
  const numbers = view(bytes);
  const list: [number, Uint8Array][] = [];
  let offset = 0;
  while (offset + headerLength <= bytes.length) {
    const length = numbers.getUint16(offset, littleEndian);
    if (length < headerLength || offset + length > bytes.length) {
      throw new ProtocolError(`attribute of ${length} bytes where ${bytes.length - offset} are left`);
    }
    list.push([
      numbers.getUint16(offset + 2, littleEndian) & typeMask,
      bytes.subarray(offset + headerLength, offset + length),
    ]);
    offset += align(length);
  }
  return list;
}

/** The same, by type; of several of one type the last. */
export function attributes(bytes: Uint8Array | undefined): Map<number, Uint8Array> {
  return new Map(bytes === undefined ? [] : attributeList(bytes));
}
