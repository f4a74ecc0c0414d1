import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const bounds = {
  subnet: '10.1.2.0/24',
  rangeStart: '10.1.2.100',
  rangeEnd: '10.1.2.200',
  gateway: '10.1.2.50',
};
const net = useDirectory(new LeaseDirectory({ ...bounds, requestOutsideRange: true }));

const refusal = (ip: string, more = {}) => errorOf(() => net.add('b', { requestedIPs: [ip], ...more }));

test('an address outside the range is leased to who requests it, and the round robin goes on', () => {
  expect(net.add('a')).toEqual(['10.1.2.100/24']);
  expect(net.add('b', { requestedIPs: ['10.1.2.7/24'] })).toEqual(['10.1.2.7/24']);
  expect(net.read('last_reserved_ip.0')).toBe('10.1.2.100');
  expect(net.add('c')).toEqual(['10.1.2.101/24']);
  expect(net.del('b')).toEqual(['10.1.2.7']);
});

test.each(['10.1.2.0', '10.1.2.255', '10.1.3.7', 'fd00::7'])('%s is still refused', (ip) => {
  expect(refusal(ip)).toEqual({
    code: 7,
    msg: `failed to allocate all requested IPs: ${ip}`,
    details: 'it is not in any range of network net',
  });
  expect(net.leased()).toEqual([]);
});

test('the gateway, and an address that is leased, are refused as in a range', () => {
  expect(refusal('10.1.2.50')).toMatchObject({ code: 7, msg: "requested ip 10.1.2.50 is subnet's gateway" });
  net.add('a', { requestedIPs: ['10.1.2.7'] });
  expect(refusal('10.1.2.7')).toMatchObject({ code: 11, details: expect.stringContaining('container a ') });
  expect(net.leased()).toEqual(['10.1.2.7']);
});

test('without the option the error says that there is one', () => {
  expect(refusal('10.1.2.7', { requestOutsideRange: false })).toEqual({
    code: 7,
    msg: 'failed to allocate all requested IPs: 10.1.2.7',
    details:
      'it is not in any range of network net, but in its subnet: "requestOutsideRange": true would allow it',
  });
});

test('a set gives one address, wherever it is', () => {
  const requestedIPs = ['10.1.2.7', '10.1.2.8'];
  expect(errorOf(() => net.add('a', { requestedIPs }))).toMatchObject({
    code: 7,
    msg: 'failed to allocate all requested IPs: 10.1.2.8',
    details: 'range set 10.1.2.100-10.1.2.200 gives one address, which is 10.1.2.7',
  });
  expect(net.leased()).toEqual([]);
});

test('of two sets of one subnet, that with the address in its range leases it', () => {
  const ranges = [[{ subnet: '10.1.2.0/24', rangeStart: '10.1.2.10', rangeEnd: '10.1.2.20' }]];
  expect(net.add('a', { ranges, requestedIPs: ['10.1.2.11'] })).toEqual(['10.1.2.100/24', '10.1.2.11/24']);
  const requestedIPs = ['10.1.2.12', '10.1.2.250'];
  expect(net.add('b', { ranges, requestedIPs })).toEqual(['10.1.2.250/24', '10.1.2.12/24']);
});

test('in IPv6, and again after a reboot', () => {
  const ranges = [[{ subnet: 'fd00::/64', rangeStart: 'fd00::1:0' }]];
  const request = { ranges, requestedIPs: ['fd00::7', '10.1.2.7'] };
  expect(net.add('a', request)).toEqual(['10.1.2.7/24', 'fd00::7/64']);
  net.reboot();
  expect(net.add('other', request)).toEqual(['10.1.2.7/24', 'fd00::7/64']);
  expect(net.find('a')).toEqual([]);
});
