import { libc } from '#libc';
import { Attributes, align } from './attribute.ts';
import { getU16, getU32 } from './bytes.ts';
import { ProtocolError } from './error.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSGERR_ATTR_MSG, nlmsgerr, nlmsghdr } from './linux/netlink.ts';
import { newRoom } from './room.ts';

const headerLength = nlmsghdr.length;

/**
 * The header that was read last, a number for each of `headerField`. Most messages only acknowledge a request, so that
 * an object for each would be a waste.
 */
export const header = new Uint32Array(5);

/** Places in {@link header}; `error` is what follows the header of an NLMSG_ERROR, the errno's negative. */
export const headerField = { length: 0, type: 1, flags: 2, sequence: 3, error: 4 } as const;

/**
 * Reads the header at an offset in a datagram, where there are enough bytes for one.
 * @returns the message's length in bytes, without padding
 * @throws ProtocolError if it claims more bytes than there are
 */
export function readHeader(datagram: Uint8Array, offset: number): number {
  libc.readHeader(datagram, offset, header);
  const length = header[headerField.length] ?? 0;
  const left = datagram.length - offset;
  if (length >= headerLength && length <= left) return length;
  throw new ProtocolError(`message of ${length} bytes where ${left} are left`);
}

/** A received message: a view of its datagram. */
export class Message {
  /** @param length of header and body, without padding */
  constructor(
    private readonly datagram: Uint8Array,
    private readonly offset: number,
    private readonly length: number,
  ) {}

  get type(): number {
    return getU16(this.datagram, this.offset + nlmsghdr.nlmsg_type.at);
  }

  get flags(): number {
    return getU16(this.datagram, this.offset + nlmsghdr.nlmsg_flags.at);
  }

  get sequence(): number {
    return getU32(this.datagram, this.offset + nlmsghdr.nlmsg_seq.at);
  }

  /** What follows the header. */
  get body(): Uint8Array {
    return this.datagram.subarray(this.offset + headerLength, this.offset + this.length);
  }

  /** The errno of an NLMSG_ERROR or NLMSG_DONE (struct nlmsgerr), 0 if it has none: an acknowledgement. */
  get errno(): number {
    return this.length < headerLength + nlmsgerr.length
      ? 0
      : -getU32(this.datagram, this.offset + headerLength) | 0;
  }

  /** A copy, which outlives the receive buffer. */
  copy(): Message {
    return new Message(this.datagram.slice(this.offset, this.offset + this.length), 0, this.length);
  }
}

/** A message to send. */
export interface Unnumbered {
  /** RTM_*, NFT_MSG_* with their subsystem, NLMSG_* */
  readonly type: number;
  /** NLM_F_* */
  readonly flags: number;
  /** A struct and attributes, already aligned. */
  readonly body: Uint8Array;
}

/** The buffer for datagrams; a larger one when one needs more. */
let room = newRoom(2048);

let size = room.bytes.length;

/** @param least in bytes, a multiple of 4 */
function grow(least: number): void {
  const larger = newRoom(2 * least);
  larger.bytes.set(room.bytes);
  room = larger;
  size = room.bytes.length;
}

/**
 * Encodes messages into one datagram.
 * @param first the first one's sequence number; the others go on from there
 * @param flags NLM_F_* for all, besides those of each
 */
export function encodeMessages(messages: readonly Unnumbered[], first: number, flags: number): Uint8Array {
  let at = 0;
  let sequence = first;
  for (const message of messages) {
    const { body } = message;
    const length = headerLength + body.length;
    // The same as align, but faster inline.
    const end = (at + length + 3) & ~3;
    if (end > size) grow(end);
    const { words } = room;
    const word = at >> 2;
    // The padding of an unaligned body.
    words[(end >> 2) - 1] = 0;
    // The header, struct nlmsghdr: length, then type and flags in one word, sequence number, and no port.
    words[word] = length;
    words[word + 1] = message.type | ((message.flags | flags) << 16);
    words[word + 2] = sequence++;
    words[word + 3] = 0;
    room.bytes.set(body, at + headerLength);
    at = end;
  }
  return room.bytes.slice(0, at);
}

/** Encodes one message. */
export function encodeMessage(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  return encodeMessages([{ type, flags, body }], sequence, 0);
}

/**
 * The errno (0 is an acknowledgement) and the kernel's explanation in an NLMSG_ERROR message (struct nlmsgerr).
 * @throws ProtocolError if it is too short
 */
export function decodeError(message: Message): { errno: number; extack: string } {
  const { errno, flags, body } = message;
  // After the errno comes the request: all of it, or with NLM_F_CAPPED only its header.
  const request = nlmsgerr.length;
  if (body.length < request) throw new ProtocolError(`error message of ${body.length} bytes`);
  if ((flags & NLM_F_ACK_TLVS) === 0 || body.length < request + headerLength) return { errno, extack: '' };
  const repeated = (flags & NLM_F_CAPPED) !== 0 ? headerLength : nlmsghdr.nlmsg_len.get(body, request);
  return { errno, extack: new Attributes(body.subarray(request + align(repeated))).get(NLMSGERR_ATTR_MSG) };
}
