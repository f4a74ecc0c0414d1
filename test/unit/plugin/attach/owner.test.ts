import { abbreviate, ownerLabel } from '../../../../plugin/attach/owner.ts';

test('labels fit the kernel’s bounds and still tell attachments apart', () => {
  const long = { network: 'n'.repeat(200), containerID: 'c'.repeat(300), ifname: 'fifteen-bytes-x' };
  expect(ownerLabel({ network: 'n', containerID: 'c', ifname: 'eth0' })).toBe('cni n c eth0');
  expect(ownerLabel(long).length).toBeLessThan(250);
  expect(ownerLabel(long)).not.toBe(ownerLabel({ ...long, containerID: `${long.containerID}c` }));
  expect(abbreviate('short', 10)).toBe('short');
});
