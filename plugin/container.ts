import { CniError, errorCode } from '../ipam/error.ts';
import type { IPConfig, Route } from '../ipam/result.ts';
import { newAddress } from '../netlink/address.ts';
import { isErrno } from '../netlink/error.ts';
import { type CIDR, family, type IP, parseCIDR, parseIP } from '../netlink/ip.ts';
import { type Link, setLink } from '../netlink/link.ts';
import { newRoute, scope } from '../netlink/route.ts';
import { setSysctl } from '../netlink/sysctl.ts';
import type { Sides } from './sides.ts';

/** @throws CniError code 6: an IPAM answered with what is no address */
export function cidrOf(text: string): CIDR {
  const cidr = parseCIDR(text);
  if (cidr !== undefined) return cidr;
  throw new CniError(errorCode.decoding, 'invalid IPAM result', `"${text}" is no address in CIDR notation`);
}

/** @throws CniError code 6: an IPAM answered with what is no address */
export function ipOf(text: string): IP {
  const ip = parseIP(text);
  if (ip !== undefined) return ip;
  throw new CniError(errorCode.decoding, 'invalid IPAM result', `"${text}" is no IP address`);
}

/**
 * Brings the container's interface up with its addresses and routes. A route without a gateway goes through that of
 * its family, unless its scope says that the destination is on the link.
 * @throws CniError, NetlinkError
 */
export function configureContainer(
  { container, inContainer }: Sides,
  link: Link,
  ips: readonly IPConfig[],
  routes: readonly Route[],
): void {
  const addresses = ips.map(({ address }) => cidrOf(address));
  const withIPv6 = addresses.some(({ ip }) => ip.family === family.ipv6);
  if (ips.length > 0) {
    inContainer(() => {
      setSysctl(`net/ipv4/conf/${link.name}/arp_notify`, '1');
      setSysctl(`net/ipv6/conf/${link.name}/accept_dad`, '0');
      if (withIPv6) {
        setSysctl(`net/ipv6/conf/${link.name}/disable_ipv6`, '0');
        setSysctl(`net/ipv6/conf/${link.name}/keep_addr_on_down`, '1');
      }
    });
  }
  const gateways = ips.flatMap(({ gateway }) => (gateway === undefined ? [] : [ipOf(gateway)]));
  container.execute(
    setLink(link.name, { up: true }),
    ...addresses.map((cidr) => newAddress(link, cidr, { nodad: cidr.ip.family === family.ipv6 })),
  );
  if (routes.length === 0) return;
  const replies = container.exchange(
    routes.map((route) => {
      const { dst, gw, ...settings } = route;
      const cidr = cidrOf(dst);
      const own = gw === undefined ? undefined : ipOf(gw);
      const common =
        route.scope === scope.link ? undefined : gateways.find((ip) => ip.family === cidr.ip.family);
      return newRoute(link, { ...settings, dst: cidr, gateway: own ?? common });
    }),
  );
  for (const { error } of replies) {
    // The same route twice, such as IPAM's default and isDefaultGateway's, is one route.
    if (error !== undefined && !isErrno(error, 'EEXIST')) throw error;
  }
}
