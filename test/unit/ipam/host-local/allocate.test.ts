import { errorOf } from '../../../support/cni-error.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

test('a requested address is given, or refused by name', () => {
  expect(net.add('a', { requestedIPs: ['10.1.2.5', '10.1.2.5/29'] })).toEqual(['10.1.2.5/29']);
  const refusal = (...requestedIPs: string[]) => errorOf(() => net.add('b', { requestedIPs }));
  const not = (address: string): string => `requested address ${address} is not available`;
  expect(refusal('10.1.2.5/29')).toEqual({
    code: 11,
    msg: not('10.1.2.5'),
    details: 'it is leased to container a',
  });
  expect(refusal('10.1.2.1')).toEqual({ code: 7, msg: not('10.1.2.1'), details: 'it is the gateway' });
  expect(refusal('10.9.9.9')).toEqual({
    code: 7,
    msg: not('10.9.9.9'),
    details: 'it is in no range of network net',
  });
  expect(refusal('10.1.2.3', '10.1.2.4')).toEqual({
    code: 7,
    msg: not('10.1.2.4'),
    details: 'range set 10.1.2.0/29 has given 10.1.2.3 already; one address of each set is leased',
  });
  expect(refusal('x')).toEqual({
    code: 7,
    msg: 'invalid requested address',
    details: '"x" is no IP address',
  });
  expect(net.leased()).toEqual(['10.1.2.5']);
});

test('requested addresses of two families come each from its set', () => {
  const ranges = [[{ subnet: 'fd00::/64' }]];
  const requestedIPs = ['FD00:0::9/64', '10.1.2.6'];
  expect(net.add('a', { ranges, requestedIPs })).toEqual(['10.1.2.6/29', 'fd00::9/64']);
});
