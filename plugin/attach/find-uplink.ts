import type { CniError } from '../../cni/error.ts';
import { byteLength } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { family, formatCIDR } from '../../netlink/ip.ts';
import { listAddresses } from '../../netlink/route/address.ts';
import { listVlans } from '../../netlink/route/bridge-vlan.ts';
import { findLinks, getLink, iff, type Link } from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { invalidConfig } from '../config/schema-check.ts';
import { labelPrefix } from './owner.ts';
import { isMarked, longestAliasBefore } from './uplink-mark.ts';
import { missingVlans, uplinkVlans } from './uplink-vlans.ts';

/** Kinds of links that the kernel refuses as ports of a bridge, or that have ports themselves. */
const masters = ['bridge', 'vrf'];

function refusal(name: string, why: string): CniError {
  return invalidConfig(`uplink: "${name}" ${why}`);
}

/**
 * Finds the uplink; nothing is touched.
 * @param name as the configuration has it
 * @throws CniError code 7 if it can't be, or must not be, a port of the bridge; NetlinkError
 */
export function findUplink(host: Connection, config: BridgeConfig, name: string): Link {
  const [link, bridge] = [getLink(host, name), getLink(host, config.bridge)];
  if (link === undefined) throw refusal(name, 'is no link of this host');
  if ((link.flags & iff.loopback) !== 0) throw refusal(name, 'is the loopback interface');
  if (masters.includes(link.kind))
    throw refusal(name, `is a ${link.kind}, which cannot be a port of a bridge`);
  if (link.alias.startsWith(labelPrefix)) throw refusal(name, "is a container's host veth");
  if (config.mtu !== undefined && config.mtu > link.mtu) {
    throw invalidConfig(`mtu: must be at most the ${link.mtu} of uplink "${name}", not ${config.mtu}`);
  }
  if (link.master === 0) refuseAddresses(host, link);
  else if (link.master !== bridge?.index) throw ofAnother(host, link);
  else if (!isMarked(link)) refuseMissingVlans(host, config, { link, bridge });
  return link;
}

function ofAnother(host: Connection, { name, master }: Link): CniError {
  const [of] = findLinks(host, [master]);
  return refusal(name, `is already a port of ${of?.kind || 'link'} "${of?.name ?? master}"`);
}

/** The host would lose them: what comes in on a port goes to the bridge. */
function refuseAddresses(host: Connection, link: Link): void {
  const addresses = [family.ipv4, family.ipv6]
    .flatMap((of) => listAddresses(host, link, of))
    .map(({ cidr }) => formatCIDR(cidr))
    .filter((text) => !text.startsWith('fe80:'));
  if (addresses.length > 0) {
    const moved = 'which the host would lose; give them to the bridge, or take them away';
    throw refusal(link.name, `has the address ${addresses.join(', ')}, ${moved}`);
  }
  if (byteLength(link.alias) > longestAliasBefore) {
    throw refusal(
      link.name,
      `has an alias of over ${longestAliasBefore} bytes, which leaves no room for a mark`,
    );
  }
}

/** A port that a person put in is that person's, with its VLANs. */
function refuseMissingVlans(
  host: Connection,
  config: BridgeConfig,
  { link, bridge }: { link: Link; bridge: Link },
): void {
  const [missing] = missingVlans(uplinkVlans(config, bridge), listVlans(host, link));
  if (missing === undefined) return;
  const { first, last, untagged } = missing;
  const vid = first === last ? `${first}` : `${first}-${last}`;
  const command = `bridge vlan add vid ${vid} dev ${link.name}${untagged ? ' pvid untagged' : ''}`;
  const why = `was put into the bridge by a person, and lacks VLAN ${vid}: "${command}" adds it`;
  throw refusal(link.name, why);
}
