import type { Connection } from '../../netlink/connection.ts';
import type { Link } from '../../netlink/route/link.ts';
import { changedOptions, isForwardedTo } from '../../plugin/attach/port-options.ts';
import { filtersVlans, portVlans } from '../../plugin/attach/port-vlans.ts';
import { missingVlans } from '../../plugin/attach/uplink-vlans.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { AttachmentFacts } from '../facts/facts.ts';
import { parseLabel } from '../facts/label.ts';
import { lookInside } from '../facts/namespaces.ts';
import type { HostLink } from '../facts/raw.ts';
import { formatVlans } from '../facts/summary.ts';
import { type Finding, fixCommand } from './finding.ts';
import { type Patient, patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

/** A container's port, with what is known of both its sides. */
interface Port {
  readonly attachment: AttachmentFacts;
  readonly veth: HostLink;
  /** Path of the container's; undefined where none was found. */
  readonly namespace: string | undefined;
}

function lostVlans({ vlans }: AttachmentFacts, bridge: Link, config: BridgeConfig): string[] {
  // Of a bridge that doesn't filter the VLANs mean nothing, which is told of the bridge.
  if (!filtersVlans(config) || bridge.vlanFiltering !== true) return [];
  const missing = missingVlans(portVlans(config), vlans);
  return missing.length === 0 ? [] : [`not in VLAN ${formatVlans(missing)}`];
}

/** With `learning` off the bridge knows the container's MAC address from its ADD alone. */
function lostEntry(host: Connection, { veth, namespace }: Port, bridge: Link): string[] {
  const inside = namespace === undefined ? undefined : lookInside(namespace, veth.peer, 'addresses');
  if (inside === undefined) return [];
  const { mac } = inside.link;
  return isForwardedTo(host, bridge, veth, mac) ? [] : [`no forwarding entry of ${mac}`];
}

/**
 * What CHECK misses of a port's settings, in words. A veth without our label is the Go plugin's, which doesn't have them
 * all; one on no bridge, or on another, has none.
 * @param bridge the network's
 * @throws NetlinkError, SystemError
 */
export function lostSettings(host: Connection, port: Port, bridge: Link, config: BridgeConfig): string[] {
  const { attachment, veth } = port;
  if (veth.master !== bridge.index || parseLabel(veth.alias) === undefined) return [];
  return [
    ...changedOptions(host, veth, config).map(
      ({ name, found, expected }) => `${name} is ${found}, not ${expected}`,
    ),
    ...lostVlans(attachment, bridge, config),
    ...(config.learning ? [] : lostEntry(host, port, bridge)),
  ];
}

/** Ports that somebody has changed, or taken out of the bridge and put back. */
export function findPortFaults(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => {
    const { config } = network;
    const changed = patientsOf(ward, network).filter(({ lostSettings: lost }) => lost.length > 0);
    if (config === undefined || changed.length === 0) return [];
    const words = ({ attachment, veth, lostSettings: lost }: Patient): string =>
      `${containerWords(attachment)}, veth ${veth.name}: ${lost.join(', ')}`;
    return [
      {
        what: `${counted(changed.length, 'container')} of ${network.name} whose port is not as configured`,
        where: changed.map(words),
        why: 'somebody changed the port, or took it out of the bridge and put it back, or changed the configuration',
        mend: fixCommand,
        cures: changed.map(({ veth, namespace }) => ({ kind: 'port', veth, namespace, config }) as const),
      },
    ];
  });
}
