import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/28', sticky: true }));
const web = { pod: 'default/web-0' };
const file = (): string => `${net.directory}/.attachments/remembered`;

test('a pod gets its address again in another container, and a container by its ID', () => {
  expect(net.add('a', web)).toEqual(['10.1.2.2/28']);
  expect(net.add('b')).toEqual(['10.1.2.3/28']);
  for (const id of ['a', 'b']) net.del(id);
  expect(net.add('other')).toEqual(['10.1.2.4/28']);
  expect(net.add('b')).toEqual(['10.1.2.3/28']);
  expect(net.add('new', web)).toEqual(['10.1.2.2/28']);
  expect(net.warnings).toEqual([]);
});

test('both addresses of two range sets', () => {
  const config = { ...web, ranges: [[{ subnet: 'fd00::/64' }]] };
  for (const id of ['a', 'b']) net.add(id, config);
  expect(net.add('c', { ...config, pod: 'default/web-1' })).toEqual(['10.1.2.4/28', 'fd00::4/64']);
  for (const id of ['a', 'b']) net.del(id);
  expect(net.add('d', config)).toEqual(['10.1.2.3/28', 'fd00::3/64']);
});

test('without the option there is no memory, and one that is there is left alone', () => {
  net.add('a', { ...web, sticky: false });
  net.del('a');
  expect(existsSync(file())).toBe(false);
  net.add('a', web);
  net.del('a');
  const before = net.remembered();
  expect(net.add('b', { ...web, sticky: false })).toEqual(['10.1.2.4/28']);
  expect(net.remembered()).toEqual(before);
});

test('an address that is leased to another is not given twice, and is then another’s', () => {
  net.add('a', web);
  net.del('a');
  net.add('b', { requestedIPs: ['10.1.2.2'] });
  expect(net.add('c', web)).toEqual(['10.1.2.3/28']);
  expect(net.remembered()).toEqual(['b eth0 10.1.2.2', 'default/web-0 eth0 10.1.2.3']);
});

test('an address that is excluded since, the gateway since, or in no range is not given again', () => {
  for (const more of [
    { exclude: ['10.1.2.2'] },
    { gateway: '10.1.2.2', rangeStart: '10.1.2.2' },
    { subnet: '10.9.9.0/28' },
  ]) {
    net.add('a', web);
    net.del('a');
    expect(net.add('b', { ...web, ...more })).not.toEqual(['10.1.2.2/28']);
    net.del('b');
    net.remove();
  }
});

test('after a reboot the pod takes its own lease over', () => {
  net.add('a', web);
  net.add('b');
  net.reboot();
  expect(net.add('new', web)).toEqual(['10.1.2.2/28']);
  expect(net.warnings).toEqual([expect.stringContaining('it was held during an earlier boot')]);
  const config = { ...web, reclaimAfterReboot: false };
  net.reboot();
  expect(net.add('newer', config)).toEqual(['10.1.2.4/28']);
});

test('a GC keeps it with the option, for pods that come back, and removes it without', () => {
  net.add('a', web);
  gcLeases(net.request('', {}), []);
  expect(net.leased()).toEqual([]);
  expect(net.add('b', web)).toEqual(['10.1.2.2/28']);
  gcLeases(net.request('', { sticky: false }), []);
  expect(existsSync(file())).toBe(false);
});

test('a memory that cannot be read or written fails no ADD', () => {
  net.add('a');
  rmSync(file());
  mkdirSync(file());
  expect(net.add('b', web)).toEqual(['10.1.2.3/28']);
  expect(net.warnings).toEqual([`cannot read ${file()}: EISDIR`, `cannot write ${file()}: EISDIR`]);
  expect(existsSync(`${net.directory}/.attachments/draft`)).toBe(false);
  net.add('c');
  expect(net.del('b')).toEqual(['10.1.2.3']);
});
