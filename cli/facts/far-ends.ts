import { attachmentOf } from '../../cni/attachment.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { ownerLabel } from '../../plugin/attach/owner.ts';
import { parseLabel } from './label.ts';
import { findNamespaces, type Inside, lookInside } from './namespaces.ts';
import type { FarEnd, HostLink, Raw } from './raw.ts';

/** What is known before any container is looked into. */
export type Known = Pick<Raw, 'links' | 'directories' | 'configured'>;

/**
 * The veths that have to be looked behind: those that bear our label and have no lease though IPAM gives addresses, and
 * those without a label on a bridge of ours, as the Go plugin makes them. Mostly there is none, and it takes no time.
 */
export function unclearVeths({ links, directories, configured }: Known): HostLink[] {
  const leased = new Set<string>();
  for (const { network, leases } of directories) {
    for (const lease of leases) leased.add(ownerLabel(attachmentOf(network, lease)));
  }
  const layer2 = new Set(configured.filter(({ config }) => config && !config.ipam).map(({ name }) => name));
  const bridges = new Set(configured.map(({ config }) => config?.bridge));
  const ours = new Set(links.filter(({ name }) => bridges.has(name)).map(({ index }) => index));
  return links.filter(({ kind, alias, master, peerNamespaceId }) => {
    if (kind !== 'veth' || peerNamespaceId === undefined) return false;
    const label = parseLabel(alias);
    if (label === undefined) return ours.has(master);
    return !leased.has(label.owner) && !layer2.has(label.network);
  });
}

function lookBehind(path: string, peer: number): Inside | undefined {
  try {
    return lookInside(path, peer, 'addresses');
  } catch (error) {
    // Without the capability all others would fail as well; a namespace that is gone is only gone.
    if (isErrno(error, 'EPERM')) throw error;
    return undefined;
  }
}

/**
 * Looks behind veths.
 * @throws SystemError EPERM without CAP_SYS_ADMIN
 */
export function readFarEnds(host: Connection, veths: readonly HostLink[]): FarEnd[] {
  if (veths.length === 0) return [];
  const paths = findNamespaces(host, new Set(veths.flatMap(({ peerNamespaceId: id }) => id ?? [])));
  return veths.flatMap(({ index, peer, peerNamespaceId }) => {
    const path = paths.get(peerNamespaceId ?? -1);
    const inside = path === undefined ? undefined : lookBehind(path, peer);
    if (inside === undefined) return [];
    return [{ veth: index, addresses: inside.addresses.filter((address) => !address.startsWith('fe80:')) }];
  });
}
