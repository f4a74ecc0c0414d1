import { commentUserdata, readComment } from '../../../../netlink/nftables/userdata.ts';
import { hex } from '../../../support/netlink.ts';

test('a comment is userdata of type 0 with its length, NUL included', () => {
  expect(hex(commentUserdata('ab'))).toBe('0003616200');
  expect(readComment(Buffer.from('0102ffff0003616200', 'hex'))).toBe('ab');
  expect(readComment(undefined)).toBe('');
});
