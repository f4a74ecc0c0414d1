import { concat, viewOf } from './bytes.ts';
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
  const length = headerLength + payload.length;
  const bytes = new Uint8Array(align(length));
  const view = viewOf(bytes);
  view.setUint16(0, length, true);
  view.setUint16(2, type, true);
  bytes.set(payload, headerLength);
  return bytes;
}

/** An attribute made of attributes, marked as nested. */
export function nested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return attribute(type | nestedFlag, concat(attributes));
}

/**
 * Walks over attributes, one after another.
 * @param visit is given each type (flags masked), where its payload begins, and where it ends
 * @throws ProtocolError where one claims more bytes than there are
 */
function walk(bytes: Uint8Array, visit: (type: number, from: number, to: number) => void): void {
  const view = viewOf(bytes);
  const end = bytes.length;
  for (let offset = 0; offset + headerLength <= end; ) {
    const length = view.getUint16(offset, true);
    if (length < headerLength || offset + length > end) {
      throw new ProtocolError(`attribute of ${length} bytes where ${end - offset} are left`);
    }
    visit(view.getUint16(offset + 2, true) & typeMask, offset + headerLength, offset + length);
    offset += align(length);
  }
}

/**
 * Reads attributes one after another: each type (flags masked) with its payload, in order.
 * @throws ProtocolError where one claims more bytes than there are
 */
export function attributeList(bytes: Uint8Array): [number, Uint8Array][] {
  const list: [number, Uint8Array][] = [];
  walk(bytes, (type, from, to) => list.push([type, bytes.subarray(from, to)]));
  return list;
}

const none = new Uint8Array();

/** Attributes by type; of several of one type the last. Most of what the kernel tells is never looked at. */
export class Attributes {
  /** Where the payload begins and ends, by type. */
  private readonly places = new Map<number, number>();

  /** @throws ProtocolError where one claims more bytes than there are */
  constructor(private readonly bytes: Uint8Array) {
    walk(bytes, (type, from, to) => this.places.set(type, from * 0x10000 + to));
  }

  /** The payload of an attribute, a view of the message; undefined where it is missing. */
  get(type: number): Uint8Array | undefined {
    const place = this.places.get(type);
    if (place === undefined) return undefined;
    return this.bytes.subarray(place / 0x10000, place % 0x10000);
  }
}

/** The attributes in `bytes` by type; without bytes there are none. */
export function attributes(bytes: Uint8Array = none): Attributes {
  return new Attributes(bytes);
}
