import { iff, type Link } from '../../netlink/route/link.ts';
import { filtersVlans } from '../../plugin/attach/port-vlans.ts';
import { differingTree } from '../../plugin/attach/spanning-tree.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { gatewayLinkName } from './bridges.ts';
import type { Finding } from './finding.ts';
import { patientsOf, type Ward } from './sight.ts';

type Fault = Pick<Finding, 'what' | 'why' | 'mend'>;

function lostFlags({ name, flags, vlanFiltering }: Link, config: BridgeConfig): Fault[] {
  const faults: Fault[] = [];
  if (config.promiscMode && (flags & iff.promisc) === 0) {
    faults.push({
      what: `bridge ${name} is not promiscuous`,
      why: 'it drops what promiscMode is for: a container that reaches itself by an address of this host',
      mend: `ip link set ${name} promisc on`,
    });
  }
  if (filtersVlans(config) && vlanFiltering === false) {
    faults.push({
      what: `bridge ${name} does not filter VLANs`,
      why: 'nothing keeps its VLANs apart',
      mend: `ip link set ${name} type bridge vlan_filtering 1`,
    });
  }
  return faults;
}

function lostTree(bridge: Link, config: BridgeConfig): Fault[] {
  const tree = differingTree(config, bridge);
  if (tree === undefined) return [];
  const { name, expected, found, command } = tree;
  return [
    {
      what: `${name} of bridge ${bridge.name} is ${found}, not ${expected}`,
      why: 'the next ADD fails; without a spanning tree a loop takes the network down',
      mend: `ip link set ${bridge.name} type bridge ${command}`,
    },
  ];
}

function lostVrf(network: NetworkFacts, { links }: Ward): Fault[] {
  const vrf = network.config?.vrf;
  const link = links.find(({ name }) => name === gatewayLinkName(network));
  if (vrf === undefined || link === undefined) return [];
  const master = links.find(({ index }) => index === link.master);
  if (master?.name === vrf && master.kind === 'vrf') return [];
  return [
    {
      what: `${link.name} is in ${master === undefined ? 'no VRF' : master.name}, not in VRF ${vrf}`,
      why: 'its routes are in another table: nothing gets out, or the wrong way; the next ADD fails',
      mend: `ip link set ${link.name} master ${vrf}`,
    },
  ];
}

/**
 * What somebody has changed of bridges that containers are on. It is told and left to the person: a bridge may serve
 * others as well, whose ports stop for a while, or whose routes go.
 */
export function findBridgeSettings(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => {
    const { config, name } = network;
    const bridge = ward.bridges.get(network.bridgeName);
    const isUsed = patientsOf(ward, network).some(({ isDead }) => !isDead);
    if (config === undefined || bridge?.kind !== 'bridge' || !isUsed) return [];
    return [...lostFlags(bridge, config), ...lostTree(bridge, config), ...lostVrf(network, ward)].map(
      (fault) => ({ ...fault, where: [name], cures: [] }),
    );
  });
}
