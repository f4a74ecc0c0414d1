import { utimesSync } from 'node:fs';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));
const earlier = 'it was held during an earlier boot';

test('a container that comes again after a reboot is given its address again, with a line', () => {
  for (const id of ['a', 'b', 'c']) net.add(id);
  net.reboot();
  expect(net.add('b')).toEqual(['10.1.2.3/29']);
  expect(net.warnings).toEqual([
    `reclaimed ${net.directory}/10.1.2.3 of container b interface eth0: ${earlier}`,
  ]);
  expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4']);
  // Its lease is one of this boot now.
  expect(() => net.add('b')).toThrow('duplicate allocation is not allowed');
  expect([net.find('a'), net.find('b'), net.find('c')]).toEqual([['10.1.2.2'], ['10.1.2.3'], ['10.1.2.4']]);
  net.del('b');
  expect([net.find('b'), net.indexed()]).toEqual([[], [expect.any(String), expect.any(String)]]);
});

test('of each family, and of each interface', () => {
  const both = { ranges: [[{ subnet: 'fd00::/64' }]] };
  net.add('z', both);
  const before = [net.add('a', both), net.add('a', { ...both, ifname: 'eth1' })];
  net.reboot();
  net.add('y', both);
  expect([net.add('a', both), net.add('a', { ...both, ifname: 'eth1' })]).toEqual(before);
  expect(net.warnings).toHaveLength(4);
});

test('where its address is another’s gateway by now, or of no range, it is given the next one', () => {
  net.add('a');
  net.reboot();
  expect(net.add('a', { gateway: '10.1.2.2' })).toEqual(['10.1.2.3/29']);
  net.reboot();
  expect(net.add('a', { subnet: '10.9.0.0/24' })).toEqual(['10.9.0.2/24']);
  expect(net.leased()).toEqual(['10.9.0.2']);
});

test('an address asked for by name is taken from whoever had it before the reboot', () => {
  for (const id of ['a', 'b', 'c']) net.add(id);
  net.reboot();
  expect(net.add('c', { requestedIPs: ['10.1.2.2'] })).toEqual(['10.1.2.2/29']);
  expect(net.warnings).toEqual([
    `reclaimed ${net.directory}/10.1.2.4 of container c interface eth0: ${earlier}`,
    `reclaimed ${net.directory}/10.1.2.2 of container a interface eth0: ${earlier}`,
  ]);
  expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.3']);
  expect(net.read('10.1.2.2')).toBe('c\r\neth0');
  expect(net.find('a')).toEqual([]);
});

test('a lease that a running container may have gives way to nobody', () => {
  net.add('a');
  net.reboot();
  net.add('b');
  expect(errorOf(() => net.add('b'))).toMatchObject({ code: 999 });
  expect(errorOf(() => net.add('c', { requestedIPs: ['10.1.2.3'] }))).toMatchObject({ code: 11 });
  // Of two leases one is of this boot: neither is ended.
  net.goAdd('a', '10.1.2.5');
  expect(errorOf(() => net.add('a'))).toMatchObject({ code: 999 });
  expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.5']);
  expect(net.warnings).toEqual([]);
});

test('reclaimAfterReboot: false keeps them', () => {
  const off = { reclaimAfterReboot: false };
  net.add('a');
  net.reboot();
  expect(errorOf(() => net.add('a', off))).toMatchObject({ code: 999 });
  expect(errorOf(() => net.add('b', { ...off, requestedIPs: ['10.1.2.2'] }))).toMatchObject({ code: 11 });
  expect([net.leased(), net.warnings]).toEqual([['10.1.2.2'], []]);
});

test('a lease of the Go host-local goes by its file’s time until it was seen in a boot', () => {
  net.goAdd('old', '10.1.2.3');
  net.goAdd('new', '10.1.2.4');
  utimesSync(`${net.directory}/10.1.2.3`, 1000, 1000);
  expect(errorOf(() => net.add('new'))).toMatchObject({ code: 999 });
  net.reboot();
  expect([net.add('new'), net.add('x', { requestedIPs: ['10.1.2.3'] })]).toEqual([
    ['10.1.2.4/29'],
    ['10.1.2.3/29'],
  ]);
});

test('an ADD that fails after all leaves nothing of the leases from before', () => {
  const narrow = { ranges: [[{ subnet: 'fd01::/64', rangeStart: 'fd01::2', rangeEnd: 'fd01::2' }]] };
  net.add('a');
  net.reboot();
  net.add('b', narrow);
  expect(errorOf(() => net.add('a', narrow))).toMatchObject({ code: 11 });
  expect([net.find('a'), net.leased()]).toEqual([[], ['10.1.2.3', 'fd01::2']]);
});
