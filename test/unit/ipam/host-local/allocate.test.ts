import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

test('a requested address is given, or refused by name', () => {
  expect(net.add('a', { requestedIPs: ['10.1.2.5', '10.1.2.5/29'] })).toEqual(['10.1.2.5/29']);
  const refusal = (...requestedIPs: string[]) => errorOf(() => net.add('b', { requestedIPs }));
  expect(refusal('10.1.2.5/29')).toEqual({
    code: 11,
    msg: 'requested IP address 10.1.2.5 is not available in range set 10.1.2.1-10.1.2.6',
    details: `it is leased to container a interface eth0, see ${net.directory}/10.1.2.5`,
  });
  expect(refusal('10.1.2.1')).toEqual({
    code: 7,
    msg: "requested ip 10.1.2.1 is subnet's gateway",
    details: 'range set 10.1.2.1-10.1.2.6 does not lease it',
  });
  expect(refusal('10.9.9.9')).toEqual({
    code: 7,
    msg: 'failed to allocate all requested IPs: 10.9.9.9',
    details: 'it is not in any range of network net',
  });
  expect(refusal('10.1.2.3', '10.1.2.4')).toEqual({
    code: 7,
    msg: 'failed to allocate all requested IPs: 10.1.2.4',
    details: 'range set 10.1.2.1-10.1.2.6 gives one address, which is 10.1.2.3',
  });
  expect(refusal('x')).toEqual({
    code: 7,
    msg: 'invalid requested address',
    details: 'invalid IP address x',
  });
  expect(net.leased()).toEqual(['10.1.2.5']);
});

test('requested addresses of two families come each from its set', () => {
  const ranges = [[{ subnet: 'fd00::/64' }]];
  const requestedIPs = ['FD00:0::9/64', '10.1.2.6'];
  expect(net.add('a', { ranges, requestedIPs })).toEqual(['10.1.2.6/29', 'fd00::9/64']);
});
