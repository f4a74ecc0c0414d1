import { libc } from '#libc';
import { getU16 } from './bytes.ts';
import { ProtocolError } from './error.ts';
import type { FixedFormat, Format, FreeFormat } from './format.ts';

/** The length of struct nlattr (linux/netlink.h): length and type, 16 bits each in host byte order. */
export const attributeHeader = 4;
/** NLA_F_NESTED (linux/netlink.h): the payload is attributes. */
const NLA_F_NESTED = 0x8000;
/** NLA_TYPE_MASK (linux/netlink.h): the type less NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;

/** A netlink attribute: its number in the kernel's enum, and how to read and write its payload. */
export interface Attribute<T, R = T> {
  readonly type: number;
  readonly format: Format<T, R>;
}

/** A nested attribute: its payload is attributes. */
export interface Nest {
  readonly type: number;
  /** The type, with NLA_F_NESTED unless the kernel never had it. */
  readonly flagged: number;
}

/**
 * Describes an attribute.
 * @example const IFLA_MTU = attribute(4, u32);
 */
export function attribute<T>(type: number, format: FixedFormat<T>): Attribute<T>;
export function attribute<T, R>(type: number, format: FreeFormat<T, R>): Attribute<T, R>;
export function attribute<T, R>(type: number, format: Format<T, R>): Attribute<T, R> {
  return { type, format };
}

/** Describes a nested attribute. */
export function nest(type: number): Nest {
  return { type, flagged: type | NLA_F_NESTED };
}

/** Describes a nested attribute that is written without NLA_F_NESTED, as the kernel has always had it. */
export function plainNest(type: number): Nest {
  return { type, flagged: type };
}

/** Rounds up to the 4 bytes that messages and attributes are aligned to (NLMSG_ALIGN, NLA_ALIGN). */
export function align(length: number): number {
  return (length + 3) & ~3;
}

function refuse(length: number, left: number): never {
  throw new ProtocolError(`attribute of ${length} bytes where ${left} are left`);
}

/**
 * Iterates over attributes in order: each type (flags masked) with its payload.
 * @throws ProtocolError if one claims more bytes than there are
 */
export function attributeList(bytes: Uint8Array): [type: number, payload: Uint8Array][] {
  const list: [number, Uint8Array][] = [];
  for (let at = 0; at + attributeHeader <= bytes.length; ) {
    const length = getU16(bytes, at);
    if (length < attributeHeader || at + length > bytes.length) refuse(length, bytes.length - at);
    const payload = bytes.subarray(at + attributeHeader, at + length);
    list.push([getU16(bytes, at + 2) & NLA_TYPE_MASK, payload]);
    at += align(length);
  }
  return list;
}

/** Types from here on are ignored: none in use is as large. */
const types = 128;

/**
 * Attributes by their description; of several with the same type, the last. Most attributes are never read, so none is
 * decoded before it is asked for.
 */
export class Attributes {
  /** Where the payload of each type's attribute begins, 0 if it is missing, and where it ends. */
  private readonly places = new Uint32Array(2 * types);

  /** @throws ProtocolError if one claims more bytes than there are */
  constructor(private readonly bytes: Uint8Array) {
    const bad = libc.indexAttributes(bytes, this.places);
    if (bad >= 0) refuse(getU16(bytes, bad), bytes.length - bad);
  }

  has({ type }: Attribute<unknown> | Nest): boolean {
    return (this.places[2 * type] ?? 0) !== 0;
  }

  /** An attribute's value; if it is missing or too short, its format's default: 0, empty, undefined. */
  get<T, R>({ type, format }: Attribute<T, R>): T | R {
    const { places } = this;
    const at = places[2 * type] ?? 0;
    if (at === 0) return format.absent;
    const end = places[2 * type + 1] ?? 0;
    return at + format.length > end ? format.absent : format.get(this.bytes, at, end);
  }

  /** The payload of a nested attribute, a view of the message; empty if it is missing. */
  payload({ type }: Nest): Uint8Array {
    const { places } = this;
    const at = places[2 * type] ?? 0;
    return at === 0 ? none : this.bytes.subarray(at, places[2 * type + 1]);
  }

  /** The attributes in a nested attribute; none if it is missing. */
  nested(of: Nest): Attributes {
    const payload = this.payload(of);
    return payload === none ? noAttributes : new Attributes(payload);
  }

  /** Iterates over the attributes in a nested attribute, of which many may have the same type. */
  list(of: Nest): [type: number, payload: Uint8Array][] {
    return attributeList(this.payload(of));
  }
}

const none = new Uint8Array();

/** An empty set of attributes. */
export const noAttributes = new Attributes(none);
