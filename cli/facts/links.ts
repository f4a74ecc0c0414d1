import type { Connection } from '../../netlink/connection.ts';
import { IF_OPER_UP, IFF_UP } from '../../netlink/linux/if.ts';
import { listEveryVlan, type PortVlans } from '../../netlink/route/bridge-vlan.ts';
import { findLinks } from '../../netlink/route/link.ts';
import { listLinks, type PassingLink } from '../../netlink/route/link-list.ts';
import type { HostLink } from './raw.ts';

function read(link: PassingLink): HostLink {
  return {
    index: link.index,
    name: link.name,
    kind: link.kind,
    mac: link.mac,
    mtu: link.mtu,
    up: (link.flags & IFF_UP) !== 0,
    operational: link.operstate === IF_OPER_UP,
    master: link.master,
    alias: link.alias,
    peer: link.peer,
    peerNamespaceId: link.peerNamespaceId,
  };
}

/**
 * Every link of the host, by one dump.
 * @throws NetlinkError
 */
export function readLinks(host: Connection): HostLink[] {
  // Where links come and go all the time, a dump may have one twice.
  return [...new Map(listLinks(host, {}, (link) => [link.index, read(link)] as const)).values()];
}

/**
 * The VLANs of the ports of all bridges that filter VLANs; nothing is asked where there is no such bridge.
 * @throws NetlinkError
 */
export function readVlans(host: Connection, links: readonly HostLink[]): Map<number, PortVlans[]> {
  const bridges = links.filter(({ kind }) => kind === 'bridge').map(({ index }) => index);
  const filtering = findLinks(host, bridges).filter(({ vlanFiltering }) => vlanFiltering === true);
  if (filtering.length === 0) return new Map();
  const indexes = new Set(filtering.map(({ index }) => index));
  const masters = new Map(links.map(({ index, master }) => [index, master]));
  const all = listEveryVlan(host);
  for (const index of all.keys()) {
    if (!indexes.has(masters.get(index) ?? 0) && !indexes.has(index)) all.delete(index);
  }
  return all;
}
