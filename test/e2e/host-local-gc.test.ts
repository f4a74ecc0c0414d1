import { useDirectory } from '../support/leases.ts';
import { hostLocals, SharedDirectory } from './support/host-local.ts';

const net = useDirectory(new SharedDirectory({ subnet: '10.1.0.0/24' }));

test.each(hostLocals)('a GC by %s without a list of valid attachments keeps every lease', (_name, ours) => {
  net.lease(ours, 'a');
  expect(net.call(ours, 'GC', '', { cniVersion: '1.1.0' })).toMatchObject({ status: 0, stdout: '' });
  expect(net.leased()).toEqual(['10.1.0.2']);
  net.must(ours, 'CHECK', 'a');
});
