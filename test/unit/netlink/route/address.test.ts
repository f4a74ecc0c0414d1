import { Connection } from '../../../../netlink/connection.ts';
import { listAddresses, newAddress } from '../../../../netlink/route/address.ts';
import { attribute, bytes, cidr, concat, hex, kernel, message, u32 } from '../../../support/netlink.ts';

test('an IPv4 address comes with its broadcast address', () => {
  const { body } = newAddress({ index: 3, name: 'br0' }, cidr('10.15.20.1/24'));
  expect(hex(body)).toBe(
    '02180000' +
      '03000000' + // struct ifaddrmsg: AF_INET, 24 bits; index
      '08000200' +
      '0a0f1401' + // IFA_LOCAL
      '08000100' +
      '0a0f1401' + // IFA_ADDRESS
      '08000400' +
      '0a0f14ff', // IFA_BROADCAST
  );
});

test('an IPv6 address is usable at once where that is asked for', () => {
  const { type, flags, body } = newAddress({ index: 3, name: 'br0' }, cidr('fd00::1/64'), { nodad: true });
  expect([type, flags]).toEqual([20, 0x600]); // RTM_NEWADDR; NLM_F_CREATE, NLM_F_EXCL
  expect(hex(body)).toBe(
    '0a400000' +
      '03000000' + // struct ifaddrmsg: AF_INET6, 64 bits; index
      '14000200' +
      'fd000000000000000000000000000001' + // IFA_LOCAL
      '14000100' +
      'fd000000000000000000000000000001' + // IFA_ADDRESS
      '08000800' +
      '02000000', // IFA_FLAGS: IFA_F_NODAD
  );
});

test("a link's addresses, among those of others", () => {
  const address = (index: number, more: Uint8Array) =>
    message(20, 2, 1, concat([bytes(`02184000 0${index}000000`), attribute(2, bytes('0a0f1401')), more])); // IFA_LOCAL
  const flags = attribute(8, u32(0x08)); // IFA_FLAGS: IFA_F_DADFAILED
  const socket = kernel(
    concat([address(3, bytes('')), address(4, bytes('')), address(3, flags), message(3, 2, 1, u32(0))]),
  );
  expect(listAddresses(new Connection(socket), { index: 3, name: 'br0' }, 2)).toMatchObject([
    { cidr: cidr('10.15.20.1/24'), tentative: true, dadFailed: false }, // ifa_flags: IFA_F_TENTATIVE
    { cidr: cidr('10.15.20.1/24'), tentative: false, dadFailed: true },
  ]);
});
