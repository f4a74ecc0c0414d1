import { libc } from '#libc';
import { Connection, type NetlinkRequest } from '../../../netlink/connection.ts';
import { NetlinkError, ProtocolError, TruncatedError } from '../../../netlink/error.ts';
import { answer, bytes, concat, hex, kernel, message, u32 } from '../../support/netlink.ts';

/** NLMSG_*, NLM_F_*, RTM_* */
const [NOOP, ERROR, DONE] = [1, 2, 3];
const [MULTI, DUMP_INTR] = [0x2, 0x10];
const [RTM_NEWLINK, RTM_GETLINK] = [16, 18];
const [EPERM, ENOENT, EEXIST, ENODEV, EINVAL] = [1, 2, 17, 19, 22];

const request: NetlinkRequest = {
  type: RTM_GETLINK,
  flags: 0,
  body: new Uint8Array(),
  operation: 'get link',
  object: 'br0',
};

test('several requests go in one send and replies are matched by sequence, in any order', () => {
  const socket = kernel(
    answer(99, 0),
    concat([answer(2, ENODEV), message(RTM_NEWLINK, 0, 1, Uint8Array.of(7, 0, 0, 0))]),
    answer(1, 0),
  );
  const [first, second] = new Connection(socket).exchange([request, request]);
  expect(socket.sent).toHaveLength(1);
  expect(first?.error).toBeUndefined();
  expect(first?.messages.map(({ body }) => hex(body))).toEqual(['07000000']);
  expect(second?.error?.message).toBe('get link br0: ENODEV');
});

test('a dump goes on over several datagrams until it is done', () => {
  const part = (value: number): Uint8Array => message(RTM_NEWLINK, MULTI, 1, u32(value));
  const socket = kernel(concat([part(1), part(2)]), part(3), message(DONE, MULTI, 1, u32(0)));
  expect(new Connection(socket).dump(request).map(({ body }) => hex(body))).toEqual([
    '01000000',
    '02000000',
    '03000000',
  ]);
});

test('a dump may take a while: a busy machine keeps a call waiting for the kernel between two datagrams', () => {
  let now = 0;
  const clock = jest.spyOn(libc, 'clock').mockImplementation(() => {
    now += 4_000;
    return now;
  });
  const parts = Array.from({ length: 10 }, (_, index) => message(RTM_NEWLINK, MULTI, 1, u32(index)));
  const socket = kernel(...parts, message(DONE, MULTI, 1, u32(0)));
  expect(new Connection(socket).dump(request)).toHaveLength(parts.length);
  clock.mockRestore();
});

test('a dump of what is gone has nothing in it', () => {
  for (const errno of [ENOENT, ENODEV]) {
    expect(new Connection(kernel(answer(1, errno))).dump(request)).toEqual([]);
  }
  expect(() => new Connection(kernel(answer(1, EINVAL))).dump(request)).toThrow('get link br0: EINVAL');
});

test('a dump that changed under way, or was truncated, is asked for again', () => {
  const socket = kernel(
    message(RTM_NEWLINK, MULTI | DUMP_INTR, 1, u32(1)),
    message(DONE, MULTI, 1, u32(0)),
    new TruncatedError('truncated'),
    message(RTM_NEWLINK, MULTI, 3, u32(3)),
    message(DONE, MULTI, 3, u32(0)),
  );
  expect(new Connection(socket).dump(request)).toHaveLength(1);
  expect(socket.sent).toHaveLength(3);
});

test('of a kernel that never rests, all that any dump had is taken', () => {
  const dump = (sequence: number, value: number): Uint8Array[] => [
    message(RTM_NEWLINK, MULTI | DUMP_INTR, sequence, u32(value)),
    message(DONE, MULTI, sequence, u32(0)),
  ];
  const socket = kernel(...[1, 2, 3, 4, 5].flatMap((sequence) => dump(sequence, sequence % 2)));
  expect(new Connection(socket).dump(request).map(({ body }) => hex(body))).toEqual(['01000000', '00000000']);
});

test('of queries no acknowledgement is asked for: each is answered by a message or a refusal', () => {
  const socket = kernel(message(RTM_NEWLINK, 0, 1, u32(7)), answer(2, ENOENT));
  const query = { ...request, isQuery: true };
  const [found, missing] = new Connection(socket).exchange([query, query]);
  expect(found?.messages.map(({ body }) => hex(body))).toEqual(['07000000']);
  expect(missing?.error?.errnoName).toBe('ENOENT');
  // NLM_F_REQUEST alone.
  expect(hex(socket.sent[0]?.subarray(6, 8) ?? u32(0))).toBe('0100');
});

test('a transaction reports its first refusal', () => {
  const socket = kernel(concat([answer(2, EEXIST), answer(3, ENOENT)]));
  const failed = (): void => new Connection(socket).transact([request, request, request, request]);
  expect(failed).toThrow(NetlinkError);
});

test('a transaction whose begin is refused is refused as a whole', () => {
  const socket = kernel(answer(1, EPERM));
  const failed = (): void => new Connection(socket).transact([request, request, request]);
  expect(failed).toThrow('EPERM');
});

test('a missing capability is answered once for all requests of a datagram', () => {
  const socket = kernel(answer(1, EPERM));
  const replies = new Connection(socket).exchange([request, request]);
  expect(replies.map(({ error }) => error?.errnoName)).toEqual(['EPERM', 'EPERM']);
});

describe('a kernel that answers wrongly', () => {
  const noop = message(NOOP, 0, 1, new Uint8Array());
  const request: NetlinkRequest = {
    type: RTM_GETLINK,
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
  const acknowledgement = (sequence: number): Uint8Array => message(ERROR, 0, sequence, new Uint8Array(20));

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
});
