import {
  abbreviate,
  isAliasOf,
  ownerInAlias,
  ownerLabel,
  vethAlias,
} from '../../../../plugin/attach/owner.ts';

test('labels fit the kernel’s bounds and still tell attachments apart', () => {
  const long = { network: 'n'.repeat(200), containerID: 'c'.repeat(300), ifname: 'fifteen-bytes-x' };
  expect(ownerLabel({ network: 'n', containerID: 'c', ifname: 'eth0' })).toBe('cni n c eth0');
  expect(ownerLabel(long).length).toBeLessThan(250);
  expect(ownerLabel(long)).not.toBe(ownerLabel({ ...long, containerID: `${long.containerID}c` }));
  expect(abbreviate('short', 10)).toBe('short');
});

describe('the alias of a host veth', () => {
  const owner = ownerLabel({ network: 'net', containerID: 'c1', ifname: 'eth0' });

  test('has the pod behind the label, as much as there is room for', () => {
    expect(vethAlias(owner, '')).toBe('cni net c1 eth0');
    expect(vethAlias(owner, 'default/web-0')).toBe('cni net c1 eth0 default/web-0');
    expect(vethAlias(owner, `default/${'w'.repeat(300)}`)).toHaveLength(255);
  });

  test('is its owner’s with a pod and without, and nobody else’s', () => {
    for (const pod of ['', 'default/web-0']) {
      expect(isAliasOf(owner, vethAlias(owner, pod))).toBe(true);
      expect(isAliasOf('cni net c1 eth', vethAlias(owner, pod))).toBe(false);
      expect(isAliasOf('cni net c1 eth00', vethAlias(owner, pod))).toBe(false);
      expect(ownerInAlias(vethAlias(owner, pod))).toBe(owner);
    }
  });

  test.each(['', 'cni', 'cni net c1'])('a text that is cut short is left as it is: "%s"', (text) => {
    expect(ownerInAlias(text)).toBe(text);
  });
});
