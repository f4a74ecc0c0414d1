import { Connection } from '../../../../netlink/connection.ts';
import { findEntries } from '../../../../plugin/netfilter/forget-connections.ts';
import { answer, cidr, kernel } from '../../../support/netlink.ts';

const [EPERM, EINVAL] = [1, 22];
const find = (errno: number) => () =>
  findEntries(new Connection(kernel(answer(1, errno))), [cidr('10.15.20.2/32').ip], true);

function caught(step: () => unknown): unknown {
  try {
    return step();
  } catch (error) {
    return error;
  }
}

test('a kernel without ctnetlink, as nfnetlink answers for it', () => {
  expect(caught(find(EINVAL))).toMatchObject({
    code: 50,
    msg: 'forgetConnections is not available on this kernel',
    details: 'list connections of an address: EINVAL; it needs CONFIG_NF_CT_NETLINK',
  });
});

test('any other refusal is what it is', () => {
  expect(find(EPERM)).toThrow('list connections of an address: EPERM');
});
