import { CniError, errorCode } from '../../cni/error.ts';
import type { IPConfig, Result, Route } from '../../cni/result.ts';
import type { Connection, NetlinkRequest } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { type CIDR, family, formatCIDR, type IP, subnetOf } from '../../netlink/ip.ts';
import { newAddress } from '../../netlink/route/address.ts';
import { type Link, setLink } from '../../netlink/route/link.ts';
import { newRoute, type RouteSettings, scope } from '../../netlink/route/route.ts';
import { setSysctl } from '../../netlink/sysctl.ts';
import type { Addition } from './addition.ts';
import { addUniqueAddresses } from './duplicate-address.ts';
import { awaitForwarding } from './port.ts';
import type { VethPair } from './veth.ts';

/** What IPAM gave an attachment, completed by the gateways. */
export type Leased = Pick<Result, 'ips' | 'routes'>;

/**
 * Brings the container's interface up with its addresses and routes, the port of the bridge forwarding.
 * @returns the host veth as it is then
 * @throws CniError, NetlinkError
 */
export function configureContainer(addition: Addition, bridge: Link, veth: VethPair, leased: Leased): Link {
  const { sides } = addition;
  const { ips, routes } = leased;
  const { enabledad } = addition.config;
  const link = veth.container;
  const addresses = ips.map(({ address }) => address);
  refuseShortMtu(link, addresses);
  const detected = addresses.filter(({ ip }) => enabledad && ip.family === family.ipv6);
  const usable = addresses.filter((cidr) => !detected.includes(cidr));
  if (ips.length > 0) sides.inContainer(() => setSysctls(addition, link, addresses));
  const wanted = routeRequests(link, ips, routes);
  const first = [
    setLink(link.name, { up: true }),
    ...usable.map((cidr) => newAddress(link, cidr, { nodad: cidr.ip.family === family.ipv6 })),
  ];
  configure(sides.container, first);
  const port = awaitForwarding(sides.host, bridge, veth.host.name);
  // Asked before the port forwards, a neighbour that has the address would not hear of it.
  if (detected.length > 0) addUniqueAddresses(sides, link, detected);
  configure(sides.container, ips.length > 0 ? [announcement(link)] : [], wanted);
  return port;
}

/**
 * Makes the kernel announce the link's addresses, which it does for a MAC address that is set, be it the same: who
 * talked to one of the addresses a moment ago still knows the MAC address of a container that is gone. What it
 * announces by itself, as the link comes up, is lost, for the port doesn't forward yet.
 */
function announcement(link: Link): NetlinkRequest {
  return setLink(link, { mac: link.mac });
}

/** IPV6_MIN_MTU, linux/ipv6.h: with less the kernel has no IPv6 on a link, and answers a bare EINVAL. */
const ipv6MinMtu = 1280;

function refuseShortMtu({ mtu }: Link, addresses: readonly CIDR[]): void {
  const ipv6 = addresses.find(({ ip }) => ip.family === family.ipv6);
  if (ipv6 === undefined || mtu >= ipv6MinMtu) return;
  const reason = `mtu: must be ${ipv6MinMtu} or more for the IPv6 address ${formatCIDR(ipv6)}, not ${mtu}`;
  throw new CniError(errorCode.invalidConfig, `invalid configuration: ${reason}`);
}

/** To be run in the container's namespace. */
function setSysctls({ config, sides, undo }: Addition, { name }: Link, addresses: readonly CIDR[]): void {
  const { enabledad } = config;
  const ipv6 = `net/ipv6/conf/${name}`;
  setSysctl(`net/ipv4/conf/${name}/arp_notify`, '1');
  // Enhanced detection (RFC 7527) knows its own question when a hairpin port sends it back.
  if (enabledad) setSysctl(`${ipv6}/enhanced_dad`, '1');
  setSysctl(`${ipv6}/accept_dad`, enabledad ? '1' : '0');
  refuseAdvertisements(`${ipv6}/accept_ra`);
  if (addresses.every(({ ip }) => ip.family !== family.ipv6)) return;
  // The kernel puts an address's own route on lo, and refuses the address where that has no IPv6.
  const loopback = 'net/ipv6/conf/lo/disable_ipv6';
  const before = setSysctl(loopback, '0');
  if (before !== undefined) {
    undo.register(`sysctl ${loopback} of the container`, () =>
      sides.inContainer(() => void setSysctl(loopback, before)),
    );
  }
  setSysctl(`${ipv6}/disable_ipv6`, '0');
  setSysctl(`${ipv6}/keep_addr_on_down`, '1');
  setSysctl(`${ipv6}/ndisc_notify`, '1');
}

/** The kernel's value of accept_ra. */
const acceptsByDefault = '1';

/**
 * Keeps a neighbour's router advertisements from giving the interface addresses and routes that IPAM knows nothing of.
 * One whose accept_ra somebody has set keeps it: a new interface takes the value from the namespace's `default`.
 */
function refuseAdvertisements(acceptRa: string): void {
  const before = setSysctl(acceptRa, '0');
  if (before !== undefined && before !== acceptsByDefault) setSysctl(acceptRa, before);
}

/**
 * A route without a gateway goes through the gateway of its family, unless its scope says that it ends on the link.
 * Routes that differ only in the gateway are one route with several next hops.
 */
function routeRequests(link: Link, ips: readonly IPConfig[], routes: readonly Route[]): NetlinkRequest[] {
  const common = ips.flatMap(({ gateway }) => gateway ?? []);
  const wanted = new Map<string, RouteSettings & { readonly gateways: IP[] }>();
  for (const { dst: to, gw, ...settings } of routes) {
    const dst = subnetOf(to);
    const key = JSON.stringify([formatCIDR(dst), ...routeKeys.map((name) => settings[name])]);
    const route = wanted.get(key) ?? { ...settings, dst, gateways: [] };
    wanted.set(key, route);
    const ofFamily = common.find((ip) => ip.family === dst.ip.family && settings.scope !== scope.link);
    const gateway = gw ?? ofFamily;
    const known = route.gateways.some(({ value }) => value === gateway?.value);
    if (gateway !== undefined && !known) route.gateways.push(gateway);
  }
  return [...wanted.values()].map((route) => newRoute(link, route));
}

/**
 * Sends what is to be done in the container, routes last; the kernel makes a subnet's own route with the address, so
 * that a route may be there already.
 * @throws NetlinkError
 */
function configure(
  container: Connection,
  requests: readonly NetlinkRequest[],
  routes: readonly NetlinkRequest[] = [],
): void {
  for (const [index, { error }] of container.exchange([...requests, ...routes]).entries()) {
    const isThere = index >= requests.length && isErrno(error, 'EEXIST');
    if (error !== undefined && !isThere) throw error;
  }
}

const routeKeys = ['mtu', 'advmss', 'priority', 'table', 'scope'] as const;
