import { family } from '../../netlink/ip.ts';
import { type DefaultRoute, listDefaultRoutes } from '../../netlink/route/default-route.ts';
import { withHost } from '../../plugin/attach/sides.ts';

/**
 * The host's default routes of both families.
 * @throws NetlinkError; SystemError where there is no rtnetlink
 */
export function readDefaultRoutes(): DefaultRoute[] {
  return withHost((host) => [family.ipv4, family.ipv6].flatMap((of) => listDefaultRoutes(host, of)));
}
