import { align, attributes } from './attribute.ts';
import { getU32, readText, viewOf } from './bytes.ts';
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

/** A message as the kernel sent it. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header, without the padding. */
  readonly body: Uint8Array;
}

/** One message: header in host byte order, then `body` (fixed header and attributes, aligned already). */
export function encodeMessage(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align(headerLength + body.length));
  const view = viewOf(bytes);
  view.setUint32(0, headerLength + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, headerLength);
  return bytes;
}

/**
 * The messages of one datagram; their bodies are views of it.
 * @throws ProtocolError where a message claims more bytes than there are
 */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  const view = viewOf(datagram);
  let offset = 0;
  while (offset + headerLength <= datagram.length) {
    const length = view.getUint32(offset, true);
    if (length < headerLength || offset + length > datagram.length) {
      throw new ProtocolError(`message of ${length} bytes where ${datagram.length - offset} are left`);
    }
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      body: datagram.subarray(offset + headerLength, offset + length),
    });
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
  const { body, flags } = message;
  if (body.length < 4) throw new ProtocolError(`error message of ${body.length} bytes`);
  const errno = -getU32(body, 0) | 0;
  if ((flags & ackAttributesFlag) === 0 || body.length < 4 + headerLength) return { errno, extack: '' };
  const repeated = (flags & cappedFlag) !== 0 ? headerLength : getU32(body, 4);
  return { errno, extack: readText(attributes(body.subarray(4 + align(repeated))).get(extackMessage)) };
}
