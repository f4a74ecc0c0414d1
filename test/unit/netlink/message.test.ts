import { ProtocolError } from '../../../netlink/error.ts';
import { decodeError, encodeMessage, encodeMessages } from '../../../netlink/message.ts';
import { answer, bytes, decodeMessages, hex } from '../../support/netlink.ts';

test('a message has its length, type, flags and sequence in the header', () => {
  const encoded = encodeMessage(16, 0x605, 9, Uint8Array.of(1, 2, 3));
  expect(hex(encoded)).toBe(
    '13000000' + // 19 bytes
      '1000' + // RTM_NEWLINK
      '0506' + // NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NLM_F_ACK
      '09000000' +
      '00000000' +
      '01020300',
  );
  const [decoded] = decodeMessages(encoded);
  expect(decoded).toMatchObject({ type: 16, flags: 0x605, sequence: 9 });
  expect(hex(decoded?.body ?? bytes(''))).toBe('010203');
  expect(() => decodeMessages(encoded.subarray(0, 18))).toThrow(ProtocolError);
});

test('nothing of a datagram is left in the next, not even in its padding', () => {
  encodeMessage(0xffff, 0xffff, 0xffffffff, new Uint8Array(100).fill(0xff));
  const [type, flags] = [18, 0];
  const encoded = encodeMessages(
    [
      { type, flags, body: bytes('01') },
      { type, flags: 4, body: bytes('') },
    ],
    7,
    1,
  );
  expect(hex(encoded)).toBe(
    '11000000' + // 17 bytes
      '1200' + // RTM_GETLINK
      '0100' + // NLM_F_REQUEST
      '07000000' +
      '00000000' +
      '01000000' +
      '10000000' + // 16 bytes
      '1200' +
      '0500' + // NLM_F_REQUEST, NLM_F_ACK
      '08000000' +
      '00000000',
  );
});

test("a refusal carries the kernel's own words", () => {
  const [message] = decodeMessages(answer(1, 22, 'Invalid MTU'));
  expect(message && decodeError(message)).toEqual({ errno: 22, extack: 'Invalid MTU' });
});
