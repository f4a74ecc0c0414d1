import { add, call, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const plain = { cniVersion: '1.0.0', name: 'lab', type: 'bridge', bridge: 'lab-br1' };

// `make e2e-vlan` shows what VLANs do, on a kernel that has them. This is for any other kernel.
describe.each(executables)('VLANs by %s on the kernel at hand', (_name, bridge) => {
  const host = useHost('c1');

  const kernelFilters = (): boolean => {
    const made = host.run(['ip', 'link', 'add', 'probe', 'type', 'bridge', 'vlan_filtering', '1']);
    if (made.status === 0) host.sh('ip link del probe');
    return made.status === 0;
  };

  test.each([
    ['vlan, a new bridge', { vlan: 100 }, 'true'],
    ['vlan, an existing bridge', { vlan: 100 }, 'ip link add lab-br1 type bridge'],
    ['vlanTrunk, a new bridge', { vlanTrunk: [{ id: 100 }] }, 'true'],
    ['vlanTrunk, an existing bridge', { vlanTrunk: [{ id: 100 }] }, 'ip link add lab-br1 type bridge'],
  ])('%s: they work, or the plugin names the kernel option and changes nothing', (_case, option, setup) => {
    host.sh(setup);
    const conf = {
      ...plain,
      ...option,
      isGateway: true,
      ipam: { type: 'host-local', subnet: '10.15.20.0/24' },
    };
    if (kernelFilters()) {
      const port = add(host, bridge, { conf }).interfaces[1]?.name;
      expect(host.sh('ip -d link show lab-br1')).toContain('vlan_filtering 1');
      expect(host.sh(`bridge vlan show dev ${port}`)).toMatch(/\b100\b/);
      return;
    }
    const before = host.snapshot('c1');
    expect(failure(host, bridge, 'ADD', { conf })).toMatchObject({
      code: 50,
      msg: 'bridge lab-br1 cannot filter VLANs',
      details: expect.stringContaining('CONFIG_BRIDGE_VLAN_FILTERING'),
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test.each([
    ['vlan', { vlan: 100 }],
    ['vlanTrunk', { vlanTrunk: [{ id: 100 }] }],
  ])('STATUS with %s tells whether they would work, and changes nothing', (_option, option) => {
    const conf = { ...plain, ...option, cniVersion: '1.1.0' };
    const before = host.snapshot('c1');
    if (kernelFilters()) {
      expect(call(host, bridge, 'STATUS', { conf })).toEqual({ status: 0, stdout: '', stderr: '' });
    } else {
      expect(failure(host, bridge, 'STATUS', { conf })).toMatchObject({
        code: 50,
        msg: 'bridge lab-br1 cannot filter VLANs',
        details: expect.stringContaining('CONFIG_BRIDGE_VLAN_FILTERING'),
      });
    }
    expect(host.snapshot('c1')).toBe(before);
  });
});
