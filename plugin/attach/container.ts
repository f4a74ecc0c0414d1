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

/** The container's end of the pair. */
type ContainerLink = Pick<Link, 'index' | 'name' | 'mac'>;

/** What IPAM gave an attachment, with the gateways filled in. */
export type Leased = Pick<Result, 'ips' | 'routes'>;

/**
 * Brings the container's interface up with its addresses and routes, and waits until the bridge's port forwards.
 * @returns the host veth afterwards
 * @throws CniError, NetlinkError
 */
export function configureContainer(addition: Addition, bridge: Link, veth: VethPair, leased: Leased): Link {
  const { sides } = addition;
  const { ips, routes } = leased;
  const { enabledad } = addition.config;
  const { name } = veth.container;
  const addresses = ips.map(({ address }) => address);
  refuseShortMtu(veth.container, addresses);
  const detected = addresses.filter(({ ip }) => enabledad && ip.family === family.ipv6);
  const usable = addresses.filter((cidr) => !detected.includes(cidr));
  if (ips.length > 0) sides.inContainer(() => setSysctls(addition, name, addresses));
  configure(sides.container, [setLink(name, { up: true })]);
  const port = awaitForwarding(sides.host, bridge, veth.host);
  const link = { ...veth.container, index: port.peer };
  // If detection ran before the port forwards, a neighbour that has the address would not hear it.
  if (detected.length > 0) addUniqueAddresses(sides, link, detected);
  const requests = [
    ...usable.map((cidr) => newAddress(link, cidr, { nodad: cidr.ip.family === family.ipv6 })),
    ...(ips.length > 0 ? [announcement(link)] : []),
  ];
  configure(sides.container, requests, routeRequests(link, ips, routes));
  return port;
}

/**
 * Makes the kernel announce the link's addresses, which it does when the MAC address is set, even to the same one.
 * Neighbours that just talked to one of the addresses still know the MAC address of a container that is gone. The
 * kernel's own announcement, when the link comes up, is lost, since the port doesn't forward yet.
 */
function announcement(link: ContainerLink): NetlinkRequest {
  return setLink(link, { mac: link.mac });
}

/** IPV6_MIN_MTU, linux/ipv6.h: below it the kernel has no IPv6 on a link, and answers a bare EINVAL. */
export const ipv6MinMtu = 1280;

function refuseShortMtu({ mtu }: Pick<Link, 'mtu'>, addresses: readonly CIDR[]): void {
  const ipv6 = addresses.find(({ ip }) => ip.family === family.ipv6);
  if (ipv6 === undefined || mtu >= ipv6MinMtu) return;
  const reason = `mtu: must be ${ipv6MinMtu} or more for the IPv6 address ${formatCIDR(ipv6)}, not ${mtu}`;
  throw new CniError(errorCode.invalidConfig, `invalid configuration: ${reason}`);
}

/** Runs in the container's namespace. */
function setSysctls({ config, sides, undo }: Addition, name: string, addresses: readonly CIDR[]): void {
  const { enabledad } = config;
  const ipv6 = `net/ipv6/conf/${name}`;
  setSysctl(`net/ipv4/conf/${name}/arp_notify`, '1');
  // Enhanced detection (RFC 7527) recognizes its own probe when a hairpin port sends it back.
  if (enabledad) setSysctl(`${ipv6}/enhanced_dad`, '1');
  setSysctl(`${ipv6}/accept_dad`, enabledad ? '1' : '0');
  refuseAdvertisements(`${ipv6}/accept_ra`);
  if (addresses.every(({ ip }) => ip.family !== family.ipv6)) return;
  // The kernel puts an address's local route on lo, and refuses the address if lo has no IPv6.
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
 * Keeps a neighbour's router advertisements from giving the interface addresses and routes that IPAM doesn't know. If
 * somebody has set accept_ra, it is left alone: a new interface inherits it from the namespace's `default`.
 */
function refuseAdvertisements(acceptRa: string): void {
  const before = setSysctl(acceptRa, '0');
  if (before !== undefined && before !== acceptsByDefault) setSysctl(acceptRa, before);
}

/**
 * A route without a gateway goes through the gateway of its family, unless its scope is the link. Routes that differ
 * only in the gateway are one route with several next hops.
 */
function routeRequests(
  link: ContainerLink,
  ips: readonly IPConfig[],
  routes: readonly Route[],
): NetlinkRequest[] {
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
 * Sends the requests for the container, routes last. The kernel adds a subnet's route with the address, so a route may
 * exist already.
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
