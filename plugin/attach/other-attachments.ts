import type { Attachment } from '../../cni/attachment.ts';
import type { Connection } from '../../netlink/connection.ts';
import type { Link } from '../../netlink/route/link.ts';
import { listLinks, type PassingLink } from '../../netlink/route/link-list.ts';
import { isAliasOf, labelPrefix, networkLabel, ownerLabel } from './owner.ts';

/**
 * Whether the bridge has a port of another attachment that relies on what was done to the bridge: one of the same
 * network, or one of another network that came after this attachment's port.
 * @throws NetlinkError
 */
export function servesOthers(host: Connection, bridge: Link, attachment: Attachment): boolean {
  const network = networkLabel(attachment.network);
  const own = ownerLabel(attachment);
  const ports = listLinks(host, { master: bridge.index }, ({ alias, index }) =>
    alias.startsWith(labelPrefix) ? { alias, index } : undefined,
  );
  const port = ports.find(({ alias }) => isAliasOf(own, alias));
  return ports.some(
    ({ alias, index }) =>
      !isAliasOf(own, alias) && (alias.startsWith(network) || (port !== undefined && index > port.index)),
  );
}

/**
 * Whether the host has another attachment, of any network, that relies on host-wide settings.
 * @throws NetlinkError
 */
export function hostServesOthers(host: Connection, attachment: Attachment): boolean {
  return hasVeth(host, labelPrefix, attachment);
}

/**
 * Whether the network has a container on this host.
 * @param except one that doesn't count: it is about to go
 * @throws NetlinkError
 */
export function isNetworkInUse(host: Connection, network: string, except?: Attachment): boolean {
  return hasVeth(host, networkLabel(network), except);
}

/** Whether the host has a veth whose alias begins so, other than an attachment's. */
function hasVeth(host: Connection, beginning: string, except: Attachment | undefined): boolean {
  const own = except && ownerLabel(except);
  const isOther = ({ alias }: PassingLink): boolean =>
    alias.startsWith(beginning) && (own === undefined || !isAliasOf(own, alias));
  return listLinks(host, { kind: 'veth' }, (link) => isOther(link) || undefined).length > 0;
}
