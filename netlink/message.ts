import { Attributes, align } from './attribute.ts';
import { getU16, getU32 } from './bytes.ts';
import { ProtocolError } from './error.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSGERR_ATTR_MSG, nlmsgerr, nlmsghdr } from './linux/netlink.ts';
import { newRoom, type Room } from './room.ts';

const headerLength = nlmsghdr.length;
// Every message is asked for these: so they are read as the numbers that they are.
const typeAt = nlmsghdr.nlmsg_type.at;
const flagsAt = nlmsghdr.nlmsg_flags.at;
const sequenceAt = nlmsghdr.nlmsg_seq.at;
const portAt = nlmsghdr.nlmsg_pid.at;

/** A message as the kernel sent it; a view of its datagram. */
export class Message {
  /** @param length of the header and what follows it, without the padding */
  constructor(
    private readonly datagram: Uint8Array,
    private readonly offset: number,
    private readonly length: number,
  ) {}

  get type(): number {
    return getU16(this.datagram, this.offset + typeAt);
  }

  get flags(): number {
    return getU16(this.datagram, this.offset + flagsAt);
  }

  get sequence(): number {
    return getU32(this.datagram, this.offset + sequenceAt);
  }

  /** What follows the header. */
  get body(): Uint8Array {
    return this.datagram.subarray(this.offset + headerLength, this.offset + this.length);
  }

  /** The errno of an NLMSG_ERROR or NLMSG_DONE (struct nlmsgerr), 0 where it has none: an acknowledgement. */
  get errno(): number {
    return this.length < headerLength + nlmsgerr.length
      ? 0
      : -getU32(this.datagram, this.offset + headerLength) | 0;
  }

  /** The same in memory of its own, which outlives the buffer that it was received in. */
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
  /** A struct and attributes, aligned already. */
  readonly body: Uint8Array;
}

/** Where datagrams are put together; made at the first, and larger for one that needs it. */
let room: Room | undefined;

/**
 * Messages one after another, as one datagram.
 * @param first the first one's sequence number; the others go on from there
 * @param flags NLM_F_* of all, beside those of each
 */
export function encodeMessages(messages: readonly Unnumbered[], first: number, flags: number): Uint8Array {
  let length = 0;
  for (const { body } of messages) length += align(headerLength + body.length);
  if (room === undefined || room.bytes.length < length) room = newRoom(Math.max(2048, 2 * length));
  const { bytes, halves, words } = room;
  let at = 0;
  let sequence = first;
  for (const message of messages) {
    const { body } = message;
    const end = at + align(headerLength + body.length);
    // The padding of a body that isn't aligned.
    words[(end >> 2) - 1] = 0;
    words[at >> 2] = headerLength + body.length;
    halves[(at + typeAt) >> 1] = message.type;
    halves[(at + flagsAt) >> 1] = message.flags | flags;
    words[(at + sequenceAt) >> 2] = sequence++;
    words[(at + portAt) >> 2] = 0;
    bytes.set(body, at + headerLength);
    at = end;
  }
  return bytes.slice(0, length);
}

/** One message. */
export function encodeMessage(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  return encodeMessages([{ type, flags, body }], sequence, 0);
}

/**
 * The messages of one datagram, views of it.
 * @throws ProtocolError where a message claims more bytes than there are
 */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let offset = 0; offset + headerLength <= datagram.length; ) {
    const length = getU32(datagram, offset);
    if (length < headerLength || offset + length > datagram.length) {
      throw new ProtocolError(`message of ${length} bytes where ${datagram.length - offset} are left`);
    }
    messages.push(new Message(datagram, offset, length));
    offset += align(length);
  }
  return messages;
}

/**
 * The errno (0 is an acknowledgement) and the kernel's own explanation in an NLMSG_ERROR message (struct nlmsgerr).
 * @throws ProtocolError where it is too short
 */
export function decodeError(message: Message): { errno: number; extack: string } {
  const { errno, flags, body } = message;
  // After the errno comes the request: its header, and all of it unless that is capped.
  const request = nlmsgerr.length;
  if (body.length < request) throw new ProtocolError(`error message of ${body.length} bytes`);
  if ((flags & NLM_F_ACK_TLVS) === 0 || body.length < request + headerLength) return { errno, extack: '' };
  const repeated = (flags & NLM_F_CAPPED) !== 0 ? headerLength : nlmsghdr.nlmsg_len.get(body, request);
  return { errno, extack: new Attributes(body.subarray(request + align(repeated))).get(NLMSGERR_ATTR_MSG) };
}
