import { libc } from '#libc';
import { concat, getBe32, getU16, getU32, putU16, textAt } from './bytes.ts';
import { ProtocolError } from './error.ts';

const headerLength = 4;
/** NLA_F_NESTED (linux/netlink.h): the payload is attributes. */
export const nestedFlag = 0x8000;
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
  putU16(bytes, 0, length);
  putU16(bytes, 2, type);
  bytes.set(payload, headerLength);
  return bytes;
}

/** An attribute made of attributes, marked as nested. */
export function nested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return attribute(type | nestedFlag, concat(attributes));
}

function refuse(length: number, left: number): never {
  throw new ProtocolError(`attribute of ${length} bytes where ${left} are left`);
}

/**
 * Reads attributes one after another: each type (flags masked) with its payload, in order.
 * @throws ProtocolError where one claims more bytes than there are
 */
export function attributeList(bytes: Uint8Array): [number, Uint8Array][] {
  const list: [number, Uint8Array][] = [];
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = getU16(bytes, at);
    if (length < headerLength || at + length > bytes.length) refuse(length, bytes.length - at);
    list.push([getU16(bytes, at + 2) & typeMask, bytes.subarray(at + headerLength, at + length)]);
    at += align(length);
  }
  return list;
}

/** Types from here on are passed over: none that is asked for is as large. */
const types = 128;
const none = new Uint8Array();

/**
 * Attributes by type; of several of one type the last. Most of what the kernel tells is never looked at, so nothing is
 * taken out of the message before it is asked for.
 */
export class Attributes {
  /** Where the payload of each type's attribute begins; 0 for one that is missing. */
  private readonly places = new Uint32Array(types);

  /** @throws ProtocolError where one claims more bytes than there are */
  constructor(private readonly bytes: Uint8Array) {
    const bad = libc.indexAttributes(bytes, this.places);
    if (bad >= 0) refuse(getU16(bytes, bad), bytes.length - bad);
  }

  /** Where the payload begins; 0 where the attribute is missing or has fewer bytes than that. */
  private find(type: number, least: number): number {
    const at = this.places[type] ?? 0;
    return at === 0 || getU16(this.bytes, at - headerLength) < headerLength + least ? 0 : at;
  }

  has(type: number): boolean {
    return (this.places[type] ?? 0) !== 0;
  }

  /** The payload of an attribute, a view of the message; undefined where it is missing. */
  get(type: number): Uint8Array | undefined {
    const at = this.find(type, 0);
    if (at === 0) return undefined;
    return this.bytes.subarray(at, at + getU16(this.bytes, at - headerLength) - headerLength);
  }

  /** One byte; 0 where it is missing. */
  u8(type: number): number {
    const at = this.find(type, 1);
    return at === 0 ? 0 : (this.bytes[at] ?? 0);
  }

  /** 16 bits in host byte order; 0 where they are missing. */
  u16(type: number): number {
    const at = this.find(type, 2);
    return at === 0 ? 0 : getU16(this.bytes, at);
  }

  /** 32 bits in host byte order; 0 where they are missing. */
  u32(type: number): number {
    const at = this.find(type, 4);
    return at === 0 ? 0 : getU32(this.bytes, at);
  }

  /** 32 bits in network byte order; 0 where they are missing. */
  be32(type: number): number {
    const at = this.find(type, 4);
    return at === 0 ? 0 : getBe32(this.bytes, at);
  }

  /** Text up to its first NUL; empty where it is missing. */
  text(type: number): string {
    const at = this.find(type, 0);
    return at === 0 ? '' : textAt(this.bytes, at, at + getU16(this.bytes, at - headerLength) - headerLength);
  }

  /** The attributes within an attribute; none where it is missing. */
  nested(type: number): Attributes {
    const bytes = this.get(type);
    return bytes === undefined ? noAttributes : new Attributes(bytes);
  }
}

const noAttributes = new Attributes(none);

/** The attributes in `bytes` by type; without bytes there are none. */
export function attributes(bytes: Uint8Array | undefined): Attributes {
  return bytes === undefined ? noAttributes : new Attributes(bytes);
}
