import { align, attributes } from './attribute.ts';
import { getU16, getU32, putU16, putU32 } from './bytes.ts';
import { ProtocolError } from './error.ts';

/** struct nlmsghdr, linux/netlink.h. */
export const headerLength = 16;

export const flag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

/** Message types of the protocol itself. */
export const controlType = { noop: 1, error: 2, done: 3 } as const;

/** A message as the kernel sent it; a view of its datagram. */
export class Message {
  /** @param length of the header and what follows it, without the padding */
  constructor(
    private readonly datagram: Uint8Array,
    private readonly offset: number,
    private readonly length: number,
  ) {}

  get type(): number {
    return getU16(this.datagram, this.offset + 4);
  }

  get flags(): number {
    return getU16(this.datagram, this.offset + 6);
  }

  get sequence(): number {
    return getU32(this.datagram, this.offset + 8);
  }

  /** What follows the header. */
  get body(): Uint8Array {
    return this.datagram.subarray(this.offset + headerLength, this.offset + this.length);
  }

  /** The errno of an NLMSG_ERROR or NLMSG_DONE (struct nlmsgerr), 0 where it has none: an acknowledgement. */
  get errno(): number {
    return this.length < headerLength + 4 ? 0 : -getU32(this.datagram, this.offset + headerLength) | 0;
  }

  /** The same in memory of its own, which outlives the buffer that it was received in. */
  copy(): Message {
    return new Message(this.datagram.slice(this.offset, this.offset + this.length), 0, this.length);
  }
}

/** Writes the header of a message (struct nlmsghdr) whose body has so many bytes. */
function putHeader(bytes: Uint8Array, at: number, message: Omit<RawMessage, 'body'>, length: number): void {
  putU32(bytes, at, headerLength + length);
  putU16(bytes, at + 4, message.type);
  putU16(bytes, at + 6, message.flags);
  putU32(bytes, at + 8, message.sequence);
}

/** A message to send: its body is a fixed header and attributes, aligned already. */
export interface RawMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Messages one after another, as one datagram. */
export function encodeMessages(messages: readonly RawMessage[]): Uint8Array {
  let length = 0;
  for (const { body } of messages) length += align(headerLength + body.length);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const message of messages) {
    const { body } = message;
    putHeader(bytes, at, message, body.length);
    bytes.set(body, at + headerLength);
    at += align(headerLength + body.length);
  }
  return bytes;
}

/** One message. */
export function encodeMessage(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  return encodeMessages([{ type, flags, sequence, body }]);
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

/** NLM_F_ACK_TLVS: attributes follow the error message. */
const ackAttributesFlag = 0x200;
/** NLM_F_CAPPED: the request's payload is not repeated. */
const cappedFlag = 0x100;
/** NLMSGERR_ATTR_MSG */
const extackMessage = 1;

/**
 * The errno (0 is an acknowledgement) and the kernel's own words of an NLMSG_ERROR message (struct nlmsgerr).
 * @throws ProtocolError where it is too short
 */
export function decodeError(message: Message): { errno: number; extack: string } {
  const { errno, flags, body } = message;
  if (body.length < 4) throw new ProtocolError(`error message of ${body.length} bytes`);
  if ((flags & ackAttributesFlag) === 0 || body.length < 4 + headerLength) return { errno, extack: '' };
  const repeated = (flags & cappedFlag) !== 0 ? headerLength : getU32(body, 4);
  return { errno, extack: attributes(body.subarray(4 + align(repeated))).text(extackMessage) };
}
