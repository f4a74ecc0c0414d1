import { add, executables } from '../support/cni.ts';
import { examine, networkConf, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

const layer2 = { isGateway: false, ipMasq: false, bridge: 'lab0' };
const vlan = (name: string, more: object) => networkConf(name, '10.15.20.0/24', { ...layer2, ...more });

describe.each(executables)('subnets that collide, and those that only look so, by %s', (_name, bridge) => {
  const host = useHost('c1');

  /** What the doctor says of routes and subnets: not every kernel can filter VLANs, which it says, too. */
  const overlaps = (): string[] =>
    examine(host, bridge)
      .findings.map(({ what }) => what)
      .filter((what) => what.includes('overlap'));

  beforeEach(() => {
    host.sh(
      'ip link add lab0 up type bridge; ip link add far0 up type veth peer name far1; ip link set far1 up',
    );
  });

  test.each([
    ['the bridge, whose VLAN a person has set', 'ip addr add 10.15.20.1/24 dev lab0'],
    [
      "a link of a person's in the VLAN",
      'ip link add lab0.10 up type veth peer name p10; ip link set p10 up master lab0; ip addr add 10.15.20.1/24 dev lab0.10',
    ],
    ['a router beyond another link', 'ip addr add 10.15.20.9/24 dev far0'],
  ])('a VLAN whose gateway is %s', (_what, command) => {
    writeConf(host, vlan('lab0', { vlan: 10 }));
    host.sh(command);
    expect(overlaps()).toEqual([]);
  });

  test('a route that takes a part of a subnet away from the link that a person gave the gateway', () => {
    writeConf(host, vlan('lab0', { vlan: 10 }));
    host.sh('ip addr add 10.15.20.1/24 dev lab0; ip route add 10.15.20.128/25 dev far0');
    expect(overlaps()).toEqual(['subnet 10.15.20.0/24 of lab0 overlaps a route of this host']);
  });

  test('one subnet in two VLANs of a bridge, of which this host is in neither', () => {
    writeConf(host, vlan('lab0', { vlan: 10 }));
    writeConf(host, vlan('lab1', { vlan: 20 }));
    expect(overlaps()).toEqual([]);
    writeConf(host, vlan('lab1', { vlan: 20, isGateway: true }));
    expect(overlaps()).toEqual(['lab0 and lab1 overlap']);
  });

  test('an address of a container and of its bridge, whose name has a dot in it', () => {
    const conf = networkConf('lab0', '10.15.20.0/24', { bridge: 'br.5' });
    writeConf(host, conf);
    add(host, bridge, { conf });
    host.sh('ip -n c1 addr add 10.15.20.1/24 dev eth0');
    expect(examine(host, bridge).findings.map(({ what }) => what)).toEqual([
      'duplicate address 10.15.20.1 on br.5',
    ]);
  });

  test('networks that overlap, and a kernel without VLAN filtering', () => {
    writeConf(host, networkConf('lab0', '10.15.20.0/24'));
    writeConf(host, networkConf('lab1', '10.15.0.0/16', { vlan: 5 }));
    const found = examine(host, bridge).findings.map((one) => one.what);
    expect(found).toContain('lab0 and lab1 overlap');
    const filters = host.run([
      'sh',
      '-c',
      'ip link add x0 type bridge vlan_filtering 1 && grep 1 /sys/class/net/x0/bridge/vlan_filtering',
    ]);
    if (filters.status !== 0) expect(found).toContain('this kernel lacks what lab1 needs');
  });
});
