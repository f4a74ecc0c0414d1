import { add, executables } from '../support/cni.ts';
import { examine, networkConf, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

/** The name of c1's host veth, which commands call VETH. */
const veth = '$(ip -o link show type veth | sed -n "s/^[0-9]*: //; s/@.*alias cni lab0 c1 .*//p")';
/** This kernel's nftables can't masquerade. */
const plain = { ipMasq: false, bridge: 'br0' };
const trunk = { vlan: 10, vlanTrunk: [{ id: 30 }, { minID: 100, maxID: 110 }] };

describe.each(executables)('doctor and VLANs, by %s', (_name, bridge) => {
  const host = useHost('c1');
  const well = { status: 0, findings: [] };

  test.each([
    [{ vlan: 10 }, `bridge vlan del dev VETH vid 10`, 'not in VLAN 10'],
    [{ vlan: 10 }, `bridge vlan add dev VETH vid 10`, 'not in VLAN 10'],
    [{ vlan: 10, isGateway: false }, `bridge vlan del dev VETH vid 10`, 'not in VLAN 10'],
    [trunk, `bridge vlan del dev VETH vid 105-106`, 'not in VLAN 105-106t'],
    [trunk, `ip link set VETH nomaster; ip link set VETH master br0`, 'not in VLAN 10 30t 100-110t'],
  ])('%j, after `%s`', (options, harm, words) => {
    const conf = networkConf('lab0', '10.15.20.0/24', { ...plain, ...options });
    writeConf(host, conf);
    add(host, bridge, { conf });
    const vlans = () => host.sh(`bridge vlan show dev ${veth}`);
    const before = vlans();
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(harm.replaceAll('VETH', veth));
    expect(vlans()).not.toBe(before);
    const { findings } = examine(host, bridge);
    expect(findings).toMatchObject([
      { what: '1 container of lab0 whose port is not as configured', isFixable: true },
    ]);
    expect(findings[0]?.where.join('\n')).toMatch(new RegExp(`: ${words}$`));
    expect(examine(host, bridge, '--fix')).toMatchObject(well);
    expect(vlans()).toBe(before);
  });

  test.each([
    ['bridge vlan del dev up0 vid 10', 'not in VLAN 10t', 'bridge vlan add vid 10 dev up0'],
    [
      'bridge vlan del dev up0 vid 10; bridge vlan del dev up0 vid 30-32',
      'not in VLAN 10t 30-32t',
      'bridge vlan add vid 10 dev up0 && bridge vlan add vid 30-32 dev up0',
    ],
  ])('an uplink after `%s` is told, with the command that mends it', (harm, words, mend) => {
    host.sh('ip link add up0 type veth peer name up1; ip link set up1 up');
    const options = { vlan: 10, vlanTrunk: [{ minID: 30, maxID: 32 }], isGateway: false, uplink: 'up0' };
    const conf = networkConf('lab0', '10.15.20.0/24', { ...plain, ...options });
    writeConf(host, conf);
    add(host, bridge, { conf });
    const vlans = () => host.sh('bridge vlan show dev up0');
    const before = vlans();
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(harm);
    const { findings } = examine(host, bridge);
    expect(findings).toMatchObject([{ what: `uplink up0 of lab0 is ${words}`, mend, isFixable: false }]);
    host.sh(mend);
    expect(vlans()).toBe(before);
    expect(examine(host, bridge)).toMatchObject(well);
  });

  test('a bridge whose filtering is off is told, with the command that turns it on', () => {
    const conf = networkConf('lab0', '10.15.20.0/24', { ...plain, vlan: 10 });
    writeConf(host, conf);
    add(host, bridge, { conf });
    host.sh('ip link set br0 type bridge vlan_filtering 0');
    const { findings } = examine(host, bridge, '--fix');
    expect(findings).toMatchObject([{ what: 'bridge br0 does not filter VLANs', isFixable: false }]);
    host.sh(findings[0]?.mend ?? 'false');
    expect(examine(host, bridge)).toMatchObject(well);
  });

  test.each([
    ['br0', {}],
    ['br0.10', { vlan: 10 }],
  ])('%s, taken out of its VRF, is told with the command that puts it back', (link, options) => {
    host.sh('ip link add blue up type vrf table 10');
    const conf = networkConf('lab0', '10.15.20.0/24', { ...plain, ...options, vrf: 'blue' });
    writeConf(host, conf);
    add(host, bridge, { conf });
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(`ip link set ${link} nomaster`);
    const { findings } = examine(host, bridge);
    expect(findings).toMatchObject([{ what: `${link} is in no VRF, not in VRF blue`, isFixable: false }]);
    host.sh(findings[0]?.mend ?? 'false');
    expect(examine(host, bridge)).toMatchObject(well);
  });
});
