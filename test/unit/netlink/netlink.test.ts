import { attribute, attributeList, attributes, nested } from '../../../netlink/attribute.ts';
import { concat, text, u32 } from '../../../netlink/bytes.ts';
import { Connection, type NetlinkRequest } from '../../../netlink/connection.ts';
import { NetlinkError, ProtocolError, TruncatedError } from '../../../netlink/error.ts';
import { type CIDR, parseCIDR } from '../../../netlink/ip.ts';
import { decodeError, decodeMessages, encodeMessage } from '../../../netlink/message.ts';
import { newAddress } from '../../../netlink/route/address.ts';
import { decodeLink, newBridge, newVeth } from '../../../netlink/route/link.ts';
import { newRoute } from '../../../netlink/route/route.ts';
import type { Socket } from '../../../netlink/socket.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function cidr(text: string): CIDR {
  const found = parseCIDR(text);
  if (found === undefined) throw new Error(text);
  return found;
}

test('an attribute is padded to four bytes, its length is not', () => {
  expect(hex(attribute(3, text('br0')))).toBe('08000300' + '62723000');
  expect(hex(attribute(3, text('br')))).toBe('07000300' + '62720000');
  expect(hex(nested(18, attribute(1, text('veth'))))).toBe('10001280' + '09000100' + '7665746800000000');
});

test('attributes are read with their flags masked', () => {
  const both = concat([nested(18, attribute(1, u32(7))), attribute(3, text('x'))]);
  expect(attributeList(both).map(([type]) => type)).toEqual([18, 3]);
  const read = attributes(both);
  expect(read.get(2)).toBeUndefined();
  expect(hex(attributes(read.get(18)).get(1) ?? new Uint8Array())).toBe('07000000');
});

test('an attribute longer than its message is refused', () => {
  expect(() => attributes(bytes('ff000300 62723000'))).toThrow(ProtocolError);
  expect(() => attributes(bytes('03000300'))).toThrow(ProtocolError);
});

test('a message has its length, type, flags and sequence in the header', () => {
  const message = encodeMessage(16, 0x605, 9, Uint8Array.of(1, 2, 3));
  expect(hex(message)).toBe('13000000' + '1000' + '0506' + '09000000' + '00000000' + '01020300');
  const [decoded] = decodeMessages(message);
  expect(decoded).toMatchObject({ type: 16, flags: 0x605, sequence: 9 });
  expect(hex(decoded?.body ?? new Uint8Array())).toBe('010203');
  expect(() => decodeMessages(message.subarray(0, 18))).toThrow(ProtocolError);
});

/** NLMSG_ERROR: errno, the request's header, and with NLM_F_CAPPED | NLM_F_ACK_TLVS the kernel's words. */
function answer(sequence: number, errno: number, words = ''): Uint8Array {
  const error = new Uint8Array(4);
  new DataView(error.buffer).setInt32(0, -errno, true);
  const more = words === '' ? [] : [attribute(1, text(words))];
  return encodeMessage(
    2,
    words === '' ? 0x100 : 0x300,
    sequence,
    concat([error, new Uint8Array(16), ...more]),
  );
}

test("a refusal carries the kernel's own words", () => {
  const [message] = decodeMessages(answer(1, 22, 'Invalid MTU'));
  expect(message && decodeError(message)).toEqual({ errno: 22, extack: 'Invalid MTU' });
});

/** A kernel that answers each send with the datagrams that are next in line. */
function kernel(...answers: (Uint8Array | Error)[]): Socket & { sent: Uint8Array[] } {
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

const request: NetlinkRequest = {
  type: 18,
  flags: 0,
  body: new Uint8Array(),
  operation: 'get link',
  object: 'br0',
};

test('several requests go in one send and replies are matched by sequence, in any order', () => {
  const socket = kernel(
    answer(99, 0),
    concat([answer(2, 19), encodeMessage(16, 0, 1, Uint8Array.of(7, 0, 0, 0))]),
    answer(1, 0),
  );
  const [first, second] = new Connection(socket).exchange([request, request]);
  expect(socket.sent).toHaveLength(1);
  expect(first?.error).toBeUndefined();
  expect(first?.messages.map(({ body }) => hex(body))).toEqual(['07000000']);
  expect(second?.error?.message).toBe('get link br0: ENODEV');
});

test('a dump goes on over several datagrams until it is done', () => {
  const part = (value: number): Uint8Array => encodeMessage(16, 2, 1, u32(value));
  const socket = kernel(concat([part(1), part(2)]), part(3), encodeMessage(3, 2, 1, u32(0)));
  expect(new Connection(socket).dump(request).map(({ body }) => hex(body))).toEqual([
    '01000000',
    '02000000',
    '03000000',
  ]);
});

test('a dump of what is gone has nothing in it', () => {
  for (const errno of [2, 19]) {
    expect(new Connection(kernel(answer(1, errno))).dump(request)).toEqual([]);
  }
  expect(() => new Connection(kernel(answer(1, 22))).dump(request)).toThrow('get link br0: EINVAL');
});

test('a dump that changed under way, or was truncated, is asked for again', () => {
  const socket = kernel(
    encodeMessage(16, 2 | 0x10, 1, u32(1)),
    encodeMessage(3, 2, 1, u32(0)),
    new TruncatedError('truncated'),
    encodeMessage(16, 2, 3, u32(3)),
    encodeMessage(3, 2, 3, u32(0)),
  );
  expect(new Connection(socket).dump(request)).toHaveLength(1);
  expect(socket.sent).toHaveLength(3);
});

test('of a kernel that never rests, all that any dump had is taken', () => {
  const dump = (sequence: number, value: number): Uint8Array[] => [
    encodeMessage(16, 2 | 0x10, sequence, u32(value)),
    encodeMessage(3, 2, sequence, u32(0)),
  ];
  const socket = kernel(...[1, 2, 3, 4, 5].flatMap((sequence) => dump(sequence, sequence % 2)));
  expect(new Connection(socket).dump(request).map(({ body }) => hex(body))).toEqual(['01000000', '00000000']);
});

test('a transaction reports its first refusal', () => {
  const socket = kernel(concat([answer(2, 17), answer(3, 2)]));
  const failed = (): void => new Connection(socket).transact([request, request, request, request]);
  expect(failed).toThrow(NetlinkError);
});

test('a transaction whose begin is refused is refused as a whole', () => {
  const socket = kernel(answer(1, 1));
  const failed = (): void => new Connection(socket).transact([request, request, request]);
  expect(failed).toThrow('EPERM');
});

test('a bridge with its MAC address, up', () => {
  const { type, flags, body } = newBridge('br0', { mac: '02:00:00:00:00:01', up: true });
  expect([type, flags]).toEqual([16, 0x600]);
  expect(hex(body)).toBe(
    '00000000' +
      '00000000' +
      '01000000' +
      '01000000' + // struct ifinfomsg: IFF_UP
      '08000300' +
      '62723000' + // IFLA_IFNAME
      '10001280' +
      '0b000100' +
      '6272696467650000' + // IFLA_LINKINFO: kind bridge
      '0a000100' +
      '0200000000010000', // IFLA_ADDRESS
  );
});

test('a veth pair with its peer in another namespace', () => {
  const peer = { name: 'eth0', namespaceFd: 5, settings: {} };
  const { flags, body } = newVeth('v0', { master: 4, up: true }, peer);
  expect(flags).toBe(0x600);
  expect(hex(body)).toBe(
    '00000000' +
      '00000000' +
      '01000000' +
      '01000000' +
      '07000300' +
      '76300000' + // IFLA_IFNAME
      '08000a00' +
      '04000000' + // IFLA_MASTER
      '3c001280' +
      '09000100' +
      '7665746800000000' + // IFLA_LINKINFO: kind veth
      '2c000280' +
      '28000180' + // IFLA_INFO_DATA, VETH_INFO_PEER
      '00000000000000000000000000000000' + // struct ifinfomsg
      '09000300' +
      '6574683000000000' + // IFLA_IFNAME
      '08001c00' +
      '05000000', // IFLA_NET_NS_FD
  );
});

test('an IPv4 address comes with its broadcast address', () => {
  const { body } = newAddress({ index: 3, name: 'br0' }, cidr('10.15.20.1/24'));
  expect(hex(body)).toBe(
    '02180000' + '03000000' + '08000200' + '0a0f1401' + '08000100' + '0a0f1401' + '08000400' + '0a0f14ff',
  );
});

test('a default route through a gateway', () => {
  const gateway = cidr('10.15.20.1/32').ip;
  const { flags, body } = newRoute(
    { index: 2, name: 'eth0' },
    { dst: cidr('0.0.0.0/0'), gateways: [gateway] },
  );
  expect(flags).toBe(0x400);
  expect(hex(body)).toBe(
    '02000000' +
      'fe030001' +
      '00000000' +
      '08000400' +
      '02000000' +
      '08000500' +
      '0a0f1401' +
      '08000f00' +
      'fe000000',
  );
});

test('a missing capability is answered once for all requests of a datagram', () => {
  const socket = kernel(answer(1, 1));
  const replies = new Connection(socket).exchange([request, request]);
  expect(replies.map(({ error }) => error?.errnoName)).toEqual(['EPERM', 'EPERM']);
});

describe('a kernel that answers wrongly', () => {
  const noop = encodeMessage(1, 0, 1, new Uint8Array());
  const request: NetlinkRequest = {
    type: 18,
    flags: 0,
    body: bytes('00'),
    operation: 'get link',
    object: 'x',
  };
  const talking = (...datagrams: Uint8Array[]): Connection => {
    let turn = 0;
    const receive = (): Uint8Array => datagrams[turn++ % datagrams.length] ?? noop;
    return new Connection({ send: () => undefined, receive, close: () => undefined }, 20);
  };
  const acknowledgement = (sequence: number): Uint8Array => encodeMessage(2, 0, sequence, new Uint8Array(20));

  test.each([
    ['nothing but NLMSG_NOOP', noop],
    ['messages with another sequence number', acknowledgement(99)],
    ['datagrams too short for a message', Uint8Array.of(1, 2, 3)],
  ])('with %s: an error at the deadline', (_what, datagram) => {
    expect(() => talking(datagram).exchange([request])).toThrow(ProtocolError);
    expect(() => talking(datagram).dump(request)).toThrow(ProtocolError);
    expect(() => talking(datagram).transact([request, request, request])).toThrow(ProtocolError);
  });

  test('the same acknowledgement twice is not one for another request', () => {
    expect(() => talking(acknowledgement(1)).exchange([request, request])).toThrow(ProtocolError);
    expect(() => talking(acknowledgement(2)).transact([request, request, request, request])).toThrow(
      ProtocolError,
    );
  });

  test('a link shorter than its header is refused in words', () => {
    expect(() => decodeLink({ body: new Uint8Array(3) })).toThrow(ProtocolError);
  });
});
