import { NetlinkError } from '../../../netlink/error.ts';
import { formatError } from '../../../plugin/print-error.ts';

test('a refusal by the kernel says what to do about it', () => {
  const error = new NetlinkError({ type: 16, operation: 'create bridge', object: 'br0' }, 1);
  expect(JSON.parse(formatError(error, '1.0.0'))).toEqual({
    cniVersion: '1.0.0',
    code: 999,
    msg: 'cannot create bridge br0',
    details: 'EPERM: CAP_NET_ADMIN is needed',
  });
});
