import fc from 'fast-check';
import { Address6 } from 'ip-address';
import { contains, formatCIDR, formatIP, lastOf, parseCIDR, parseIP, subnetOf } from '../../../netlink/ip.ts';

// The product reads addresses by itself, since loading a library for it takes 2 ms of every call; a library is the
// judge of it here.

test('an IPv6 address is spelled as a well-kept library spells it, and read back', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((one) => one.toString(16).padStart(4, '0')).join(':');
      const ip = parseIP(long);
      const address = new Address6(long);
      fc.pre(address.bigInt() >> 32n !== 0xffffn);
      expect(ip).toEqual({ family: 10, value: address.bigInt() });
      expect(ip && formatIP(ip)).toBe(address.correctForm());
      expect(parseIP(address.correctForm())).toEqual(ip);
    }),
  );
});

test('every IPv4 address is read back as it is spelled', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => expect(parseIP(text) && formatIP(parseIP(text) ?? fail())).toBe(text)),
  );
});

function fail(): never {
  throw new Error('no address');
}

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '01.2.3.4',
  '1.2.3.4 ',
  '1.2.3.-4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '1.2.3.4::',
  '::1.2.3.256',
  'fe80::1%eth0',
])('"%s" is no address', (text) => {
  expect(parseIP(text)).toBeUndefined();
});

test('an IPv4-mapped address is the IPv4 address', () => {
  expect(parseIP('::ffff:10.0.0.1')).toEqual(parseIP('10.0.0.1'));
});

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'fd00::/129', '/8'])(
  '"%s" is no CIDR',
  (text) => {
    expect(parseCIDR(text)).toBeUndefined();
  },
);

test('subnets', () => {
  const cidr = parseCIDR('10.15.20.7/24') ?? fail();
  expect(formatCIDR(subnetOf(cidr))).toBe('10.15.20.0/24');
  expect(formatIP(lastOf(cidr))).toBe('10.15.20.255');
  expect(contains(cidr, parseIP('10.15.20.200') ?? fail())).toBe(true);
  expect(contains(cidr, parseIP('10.15.21.0') ?? fail())).toBe(false);
});
