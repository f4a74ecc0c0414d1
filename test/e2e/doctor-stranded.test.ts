import { add, del, executables } from '../support/cni.ts';
import { examine, networkConf, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

/** A network whose node gets another subnet, as from flannel. */
const before = networkConf('lab0', '10.15.20.0/24', { forceAddress: true });
const after = networkConf('lab0', '10.15.21.0/24', { forceAddress: true });
const c2 = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)('doctor, when a bridge leaves its subnet, with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  test.each([
    ['with its configuration', true],
    ['without, as behind flannel', false],
  ])('names the containers that stay in it, %s', (_what, isConfigured) => {
    if (isConfigured) writeConf(host, after);
    add(host, bridge, { conf: before });
    expect(examine(host, bridge).findings.filter(({ what }) => /has left/.test(what))).toEqual([]);
    add(host, bridge, { conf: after, ...c2 });
    expect(examine(host, bridge).findings).toMatchObject([
      { what: '1 container of lab0 in a subnet that lab0 has left', where: ['container c1 eth0 10.15.20.2'] },
    ]);
    del(host, bridge, { conf: after });
    expect(examine(host, bridge).findings).toEqual([]);
  });

  test('names them by the family whose subnet is left', () => {
    const inSubnets = (...subnets: string[]) => ({
      ...before,
      ipam: { type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) },
    });
    add(host, bridge, { conf: inSubnets('10.15.20.0/24', 'fd00:15::/64') });
    add(host, bridge, { conf: inSubnets('10.15.21.0/24', 'fd00:16::/64'), ...c2 });
    // forceAddress replaces every other IPv4 address of a bridge, and IPv6 ones that overlap alone.
    expect(examine(host, bridge).findings).toMatchObject([
      { what: '1 container of lab0 in a subnet that lab0 has left', where: ['container c1 eth0 10.15.20.2'] },
    ]);
  });

  test('says nothing of two subnets that the bridge has both', () => {
    const plain = { ...before, forceAddress: false };
    writeConf(host, plain);
    add(host, bridge, { conf: plain });
    host.sh('ip addr add 10.15.21.1/24 dev lab0');
    add(host, bridge, { conf: { ...networkConf('lab0', '10.15.21.0/24'), isGateway: false }, ...c2 });
    expect(examine(host, bridge).findings.filter(({ what }) => /has left/.test(what))).toEqual([]);
  });
});
