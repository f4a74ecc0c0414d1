import { type CIDR, parseCIDR } from '../../netlink/ip.ts';
import { Message, readHeader } from '../../netlink/message.ts';
import type { Socket } from '../../netlink/socket.ts';

// Netlink by hand, so that no test relies on the encoder to check the encoder.

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The bytes of hexadecimal digits, between which there may be spaces. */
export const bytes = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'));

export function u32(value: number): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, value, true);
  return number;
}

/** Text and the NUL that ends it. */
export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(`${value}\0`));

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** struct nlattr: length, type, payload, padding. */
export function attribute(type: number, payload: Uint8Array): Uint8Array {
  const length = 4 + payload.length;
  const encoded = new Uint8Array(Math.ceil(length / 4) * 4);
  const view = new DataView(encoded.buffer);
  view.setUint16(0, length, true);
  view.setUint16(2, type, true);
  encoded.set(payload, 4);
  return encoded;
}

/** An attribute made of attributes, with NLA_F_NESTED. */
export const nested = (type: number, ...attributes: Uint8Array[]): Uint8Array =>
  attribute(type | 0x8000, concat(attributes));

/** struct nlmsghdr and a body, with its length without padding. */
export function message(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(Math.ceil((16 + body.length) / 4) * 4);
  const view = new DataView(encoded.buffer);
  view.setUint32(0, 16 + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  encoded.set(body, 16);
  return encoded;
}

/** NLMSG_ERROR: errno, the request's header, and with NLM_F_CAPPED | NLM_F_ACK_TLVS the kernel's words. */
export function answer(sequence: number, errno: number, words = ''): Uint8Array {
  const more = words === '' ? [] : [attribute(1, text(words))]; // NLMSGERR_ATTR_MSG
  const body = concat([u32(2 ** 32 - errno), new Uint8Array(16), ...more]);
  return message(2, words === '' ? 0x100 : 0x300, sequence, body);
}

/** A fake kernel that records what is sent, and returns the queued datagrams. */
export function kernel(...answers: (Uint8Array | Error)[]): Socket & { readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return {
    sent,
    send: (datagram) => void sent.push(datagram),
    receive() {
      const next = answers.shift();
      if (next === undefined) throw new Error('nothing more to receive');
      if (next instanceof Error) throw next;
      return next;
    },
    close() {},
  };
}

export function cidr(text: string): CIDR {
  const found = parseCIDR(text);
  if (found === undefined) throw new Error(`${text} is not a CIDR address`);
  return found;
}

/** The messages in a datagram. */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + 16 <= datagram.length; ) {
    const length = readHeader(datagram, at);
    messages.push(new Message(datagram, at, length));
    at += Math.ceil(length / 4) * 4;
  }
  return messages;
}
