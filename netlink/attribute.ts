import { concat, getU16, putU16 } from './bytes.ts';
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
  putU16(bytes, 0, headerLength + payload.length);
  putU16(bytes, 2, type);
  bytes.set(payload, headerLength);
  return bytes;
}

/** An attribute made of attributes, marked as nested. */
export function nested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return attribute(type | nestedFlag, concat(attributes));
}

/**
 * The length of the attribute that begins at an offset.
 * @throws ProtocolError where it claims more bytes than there are
 */
function lengthAt(bytes: Uint8Array, offset: number): number {
  const length = getU16(bytes, offset);
  if (length >= headerLength && offset + length <= bytes.length) return length;
  throw new ProtocolError(`attribute of ${length} bytes where ${bytes.length - offset} are left`);
}

function typeAt(bytes: Uint8Array, offset: number): number {
  return getU16(bytes, offset + 2) & typeMask;
}

/**
 * Reads attributes one after another: each type (flags masked) with its payload, in order.
 * @throws ProtocolError where one claims more bytes than there are
 */
export function attributeList(bytes: Uint8Array): [number, Uint8Array][] {
  const list: [number, Uint8Array][] = [];
  for (let offset = 0; offset + headerLength <= bytes.length; ) {
    const length = lengthAt(bytes, offset);
    list.push([typeAt(bytes, offset), bytes.subarray(offset + headerLength, offset + length)]);
    offset += align(length);
  }
  return list;
}

const none = new Uint8Array();

/** Attributes by type; of several of one type the last. Most of what the kernel tells is never looked at. */
export class Attributes {
  private readonly offsets = new Map<number, number>();

  /** @throws ProtocolError where one claims more bytes than there are */
  constructor(private readonly bytes: Uint8Array) {
    for (let offset = 0; offset + headerLength <= bytes.length; ) {
      this.offsets.set(typeAt(bytes, offset), offset);
      offset += align(lengthAt(bytes, offset));
    }
  }

  /** The payload of an attribute, a view of the message; undefined where it is missing. */
  get(type: number): Uint8Array | undefined {
    const offset = this.offsets.get(type);
    if (offset === undefined) return undefined;
    return this.bytes.subarray(offset + headerLength, offset + lengthAt(this.bytes, offset));
  }
}

/** The attributes in `bytes` by type; without bytes there are none. */
export function attributes(bytes: Uint8Array = none): Attributes {
  return new Attributes(bytes);
}
