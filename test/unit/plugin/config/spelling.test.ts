import { distance, nearest } from '../../../../plugin/config/spelling.ts';

test.each([
  ['isGateway', 'isGateway', 0],
  ['isGatewy', 'isGateway', 1],
  ['isGatewya', 'isGateway', 1],
  ['mtu', '', 3],
  ['', 'mtu', 3],
  ['kitten', 'sitting', 3],
])('from %s to %s it is %i', (a, b, apart) => {
  expect(distance(a, b)).toBe(apart);
  expect(distance(b, a)).toBe(apart);
});

const known = ['isGateway', 'isDefaultGateway', 'mtu', 'vlan', 'vlanTrunk', 'ipMasq', 'type', 'name'];

test.each([
  ['isGatewy', 'isGateway'],
  ['isDefaultGatway', 'isDefaultGateway'],
  ['ipmask', 'ipMasq'],
  ['mut', 'mtu'],
  ['vlans', 'vlan'],
  ['vlanTrnuk', 'vlanTrunk'],
  ['capabilities', undefined],
  ['plugins', undefined],
  ['x', undefined],
  ['', undefined],
])('%s was meant to be %s', (written, meant) => {
  expect(nearest(written, known)).toBe(meant);
});
