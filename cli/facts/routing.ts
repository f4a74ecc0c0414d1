import { openRoute } from '../../netlink/connection.ts';
import { family } from '../../netlink/ip.ts';
import { type DefaultRoute, listDefaultRoutes } from '../../netlink/route/default-route.ts';
import type { AttachmentFacts } from './facts.ts';
import { findNamespaces, lookInside } from './namespaces.ts';

/**
 * The host's default routes of both families.
 * @throws NetlinkError; SystemError where there is no rtnetlink
 */
export function readDefaultRoutes(): DefaultRoute[] {
  const host = openRoute();
  try {
    return [family.ipv4, family.ipv6].flatMap((of) => listDefaultRoutes(host, of));
  } finally {
    host.close();
  }
}

/**
 * Addresses that only the container's namespace tells (of IPAM plugins that leave no lease here), by the index of the
 * host veth. Namespaces that can't be entered are passed over.
 * @throws SystemError where there is no rtnetlink
 */
export function readAddressesInside(attachments: readonly AttachmentFacts[]): Map<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  const wanted = attachments.flatMap(({ veth, leases, elements }) => {
    const id = veth?.peerNamespaceId;
    return veth === undefined || id === undefined || leases.length + elements.length > 0
      ? []
      : [{ id, ...veth }];
  });
  if (wanted.length === 0) return found;
  const host = openRoute();
  try {
    const paths = findNamespaces(host, new Set(wanted.map(({ id }) => id)));
    for (const { id, index, peer } of wanted) {
      const path = paths.get(id);
      if (path === undefined) continue;
      try {
        found.set(index, lookInside(path, peer)?.addresses ?? []);
      } catch {
        // Without root, or gone meanwhile.
      }
    }
  } finally {
    host.close();
  }
  return found;
}
