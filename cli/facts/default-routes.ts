import { openRoute } from '../../netlink/connection.ts';
import { family } from '../../netlink/ip.ts';
import { type DefaultRoute, listDefaultRoutes } from '../../netlink/route/default-route.ts';

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
