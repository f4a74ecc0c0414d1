import { isMarked } from '../../plugin/attach/uplink-mark.ts';
import { missingVlans, uplinkVlans } from '../../plugin/attach/uplink-vlans.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { formatVlans } from '../facts/summary.ts';
import type { Finding } from './finding.ts';
import { patientsOf, type Ward } from './sight.ts';

function findUplink(network: NetworkFacts, ward: Ward): Finding[] {
  const { bridge, bridgeName, config, name } = network;
  const uplink = config?.uplink;
  if (
    config === undefined ||
    uplink === undefined ||
    bridge === undefined ||
    patientsOf(ward, network).length === 0
  )
    return [];
  const link = ward.links.find((one) => one.name === uplink);
  const finding = (fault: string, mend: string): Finding[] => [
    {
      what: `uplink ${uplink} of ${name} is ${fault}`,
      where: [link === undefined ? `no link is named ${uplink}, other than by an altname` : uplink],
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
  if (link?.up === false) return finding('down', `ip link set ${uplink} up`);
  const filtering = ward.bridges.get(bridgeName);
  if (link === undefined || filtering === undefined) return [];
  const missing = missingVlans(uplinkVlans(config, filtering), ward.vlans.get(link.index) ?? []);
  if (missing.length === 0) return [];
  const commands = missing.map(({ first, last, untagged }) => {
    const vid = first === last ? `${first}` : `${first}-${last}`;
    return `bridge vlan add vid ${vid} dev ${uplink}${untagged ? ' pvid untagged' : ''}`;
  });
  return finding(`not in VLAN ${formatVlans(missing)}`, commands.join(' && '));
}

/** Uplinks that somebody has taken out of their bridge or a VLAN, or set down, while containers rely on them. */
export function findUplinkFaults(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => findUplink(network, ward));
}
