import { isMarked } from '../../plugin/attach/uplink-mark.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { patientsOf, type Ward } from './sight.ts';

function findUplink(network: NetworkFacts, ward: Ward): Finding[] {
  const { bridge, bridgeName, config, name } = network;
  const uplink = config?.uplink;
  if (uplink === undefined || bridge === undefined || patientsOf(ward, network).length === 0) return [];
  const link = ward.links.find((one) => one.name === uplink);
  const finding = (fault: string, mend: string): Finding[] => [
    {
      what: `uplink ${uplink} of ${name} is ${fault}`,
      where: [link === undefined ? `no link of this host has the name ${uplink}` : uplink],
      why: 'its containers do not reach the network behind it',
      mend,
      cures: [],
    },
  ];
  // The configuration may have another name of the link.
  const isThere = (index: number): boolean =>
    ward.links.some(({ master, alias }) => master === index && isMarked({ alias }));
  if (link === undefined ? !isThere(bridge.index) : link.master !== bridge.index)
    return finding(`no port of bridge ${bridgeName}`, `ip link set ${uplink} up master ${bridgeName}`);
  return link?.up === false ? finding('down', `ip link set ${uplink} up`) : [];
}

/** Uplinks that somebody has taken out of their bridge, or set down, while containers rely on them. */
export function findUplinkFaults(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => findUplink(network, ward));
}
