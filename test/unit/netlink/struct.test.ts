import { s32, u8, u16, u32 } from '../../../netlink/format.ts';
import { MessageBody } from '../../../netlink/message-body.ts';
import { struct } from '../../../netlink/struct.ts';
import { bytes, hex } from '../../support/netlink.ts';

/** struct ndmsg without the fields that only pad it. */
const ndmsg = struct({ family: u8, ifindex: s32, state: u16, flags: u8, type: u8 });

test('each field is aligned to its length, the whole to four bytes', () => {
  const { family, ifindex, state, flags, type } = ndmsg;
  expect([family, ifindex, state, flags, type].map(({ at }) => at)).toEqual([0, 4, 8, 10, 11]);
  expect(ndmsg.length).toBe(12);
  expect(struct({ a: u16, b: u8 }).length).toBe(4);
});

test('fields that are not set are zero, also where other bytes stood', () => {
  new MessageBody().struct(ndmsg).set(ndmsg.ifindex, -1).set(ndmsg.type, 0xff).done();
  const body = new MessageBody().struct(ndmsg).set(ndmsg.family, 7).set(ndmsg.state, 0x0102);
  expect(hex(body.done())).toBe('07000000' + '00000000' + '02010000');
});

test('fields are read where the struct begins; bytes past the end count as 0', () => {
  const two = struct({ size: u16, number: u32 });
  const raw = bytes('ffff' + '0500' + '0000' + '2a000000');
  expect(two.length).toBe(8);
  expect(two.number.get(raw, 2)).toBe(42);
  expect(two.number.get(raw, 20)).toBe(0);
});
