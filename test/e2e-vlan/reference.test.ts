import { resolve } from 'node:path';
import { add, call, del, executables, type Result } from '../support/cni.ts';
import type { Host } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel filters VLANs.
const reference = resolve('dist/reference/bridge');
const plain = { cniVersion: '1.0.0', name: 'lab', type: 'bridge', bridge: 'br0' };
const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };

interface PortJson {
  ifname: string;
  vlans: unknown[];
}

/** The VLANs that an ADD made, by the links' roles. */
function world(host: Host, { interfaces }: Result) {
  const port = interfaces[1]?.name;
  const role = (name: string): string =>
    name === 'br0' ? 'bridge' : name === port ? 'port' : 'port of the gateway';
  return {
    filtering: host.sh('ip -d link show br0').includes('vlan_filtering 1'),
    vlans: host
      .json<PortJson[]>('bridge -j vlan show')
      .map(({ ifname, vlans }) => [role(ifname), vlans])
      .sort(),
    interfaces: interfaces.map(({ name, sandbox }) => [name === port ? 'veth' : name, sandbox]),
    // Without the operational state, which follows the carrier a moment later.
    addresses: host.sh("ip -br -4 addr show scope global | awk '{ print $1, $3 }'").replace(/@\w+/, ''),
    mtus: host.sh('ip -o link').match(/mtu \d+/g),
    acceptRa: host.sh(`cat /proc/sys/net/ipv6/conf/${port}/accept_ra`),
  };
}

const cases: readonly (readonly [string, object, string])[] = [
  ['an access port', { vlan: 10 }, 'true'],
  ['an access port that keeps VLAN 1', { vlan: 10, preserveDefaultVlan: true }, 'true'],
  ['a trunk', { vlanTrunk: [{ id: 20 }, { minID: 30, maxID: 32 }, { id: 31 }, { id: 33 }] }, 'true'],
  ['a trunk that keeps VLAN 1', { vlanTrunk: [{ id: 20 }], preserveDefaultVlan: true }, 'true'],
  ['a trunk with VLAN 1 in it', { vlanTrunk: [{ id: 1 }, { id: 20 }] }, 'true'],
  ['a trunk with a native VLAN', { vlan: 10, vlanTrunk: [{ id: 20 }, { minID: 100, maxID: 199 }] }, 'true'],
  ['a trunk with its native VLAN in it', { vlan: 10, vlanTrunk: [{ id: 10 }, { id: 20 }] }, 'true'],
  ['an empty trunk', { vlanTrunk: [] }, 'true'],
  ['a bridge with another default VLAN', { vlan: 10 }, bridgeWith('vlan_filtering 1 vlan_default_pvid 5')],
  [
    'a trunk beside another default VLAN',
    { vlanTrunk: [{ id: 20 }], preserveDefaultVlan: true },
    bridgeWith('vlan_filtering 1 vlan_default_pvid 5'),
  ],
  ['a bridge without a default VLAN', { vlan: 10 }, bridgeWith('vlan_filtering 1 vlan_default_pvid 0')],
  ['a gateway', { vlan: 10, isGateway: true, ipam }, 'true'],
  ['a gateway beside a trunk', { vlan: 10, vlanTrunk: [{ id: 20 }], isGateway: true, ipam }, 'true'],
  ['a gateway of the native VLAN 1', { vlanTrunk: [{ id: 20 }], isGateway: true, ipam }, 'true'],
  [
    'a gateway that keeps VLAN 1, with an MTU',
    { vlan: 10, isGateway: true, preserveDefaultVlan: true, mtu: 1400, ipam },
    'true',
  ],
];

function bridgeWith(settings: string): string {
  return `ip link add br0 type bridge ${settings}`;
}

describe.each(cases)('%s', (_case, options, setup) => {
  const conf = { ...plain, ...options };
  const theirs = useHost('c1');
  const ours = useHost('c1');
  beforeEach(() => {
    theirs.sh(setup);
    ours.sh(setup);
  });

  test.each(executables)('%s makes of it what the Go plugin makes', (_name, bridge) => {
    const expected = world(theirs, add(theirs, reference, { conf }));
    expect(world(ours, add(ours, bridge, { conf }))).toEqual(expected);
  });
});

describe.each(executables)('%s and the Go plugin in one network', (_name, bridge) => {
  const conf = { ...plain, cniVersion: '0.4.0', vlan: 10, isGateway: true, ipam };
  const host = useHost('c1', 'c2');

  test.each([
    ['the Go plugin', reference, bridge],
    ['ours', bridge, reference],
  ])('a gateway that %s made serves the other, which takes back what it finds', (_which, first, second) => {
    const one = add(host, first, { conf });
    // Before there is a second port, since the Go plugin's bridge takes the lowest MAC address of its ports.
    const check = call(host, second, 'CHECK', { conf: { ...conf, prevResult: one } });
    expect(check).toMatchObject({ status: 0 });
    const two = add(host, second, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    expect(two.interfaces[3]).toEqual(one.interfaces[3]);
    host.sh('ip netns exec c1 ping -c 1 -W 10 10.1.0.3 && ip netns exec c2 ping -c 1 -W 10 10.1.0.1');
    del(host, second, { conf });
    del(host, first, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    // The Go plugin leaves the gateway that it made; ours goes with the last container.
    const isKept = first === reference;
    expect(host.json<PortJson[]>('bridge -j vlan show')).toHaveLength(isKept ? 2 : 1);
    const gateway = host.sh('ip -br -4 addr show br0.10 2>/dev/null || true');
    expect(gateway).toEqual(isKept ? expect.stringContaining('10.1.0.1/24') : '');
  });
});
