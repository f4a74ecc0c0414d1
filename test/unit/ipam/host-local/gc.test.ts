import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

test('GC ends what belongs to no valid attachment', () => {
  net.add('a');
  net.add('a', { ifname: 'eth1' });
  net.goAdd('b', '10.1.2.5');
  net.write('10.1.2.6', 'c');
  const gc = (valid: { containerID: string; ifname: string }[]) => gcLeases(net.request('any'), valid).sort();
  expect(
    gc([
      { containerID: 'a', ifname: 'eth1' },
      { containerID: 'c', ifname: 'eth0' },
    ]),
  ).toEqual(['10.1.2.2', '10.1.2.5']);
  expect(net.leased()).toEqual(['10.1.2.3', '10.1.2.6']);
  expect(gc([])).toEqual(['10.1.2.3', '10.1.2.6']);
  expect(net.indexed()).toEqual([]);
});
