import { CniError, errorCode } from '../../cni/error.ts';
import type { IPConfig, Result } from '../../cni/result.ts';
import type { Connection, NetlinkRequest } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import {
  type CIDR,
  contains,
  type Family,
  family,
  formatCIDR,
  next,
  sameCIDR,
  subnetOf,
} from '../../netlink/ip.ts';
import {
  deleteAddress,
  deleteLinkAddress,
  type LinkAddress,
  listAddresses,
  newAddress,
  restoreLinkAddress,
} from '../../netlink/route/address.ts';
import { getLink, type Link, setLink } from '../../netlink/route/link.ts';
import { listLinkRoutes, restoreLinkRoutes } from '../../netlink/route/link-routes.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { HostAddition } from './addition.ts';
import { withMetric } from './default-metric.ts';
import { isPortMac } from './host-veth.ts';
import { hostServesOthers, servesOthers } from './other-attachments.ts';
import { changeSysctl } from './sysctl.ts';

function anywhere(of: Family): CIDR {
  return { ip: { family: of, value: 0n }, prefix: 0 };
}

/**
 * Completes IPAM's result: with isGateway each address gets a gateway (the subnet's first address if IPAM gave none),
 * with isDefaultGateway each family gets a default route, unless IPAM gave one with a gateway, and default routes get the
 * metric.
 */
export function withGateways(
  result: Result,
  config: Pick<BridgeConfig, 'isGateway' | 'isDefaultGateway' | 'metric'>,
): Result {
  const ips = result.ips.map((ip): IPConfig => {
    const gateway = ip.gateway ?? (config.isGateway ? next(subnetOf(ip.address).ip) : undefined);
    return { ...ip, ...(gateway === undefined ? {} : { gateway }) };
  });
  const routes = [...result.routes];
  if (config.isDefaultGateway) {
    for (const { address, gateway } of ips) {
      const dst = anywhere(address.ip.family);
      if (
        gateway !== undefined &&
        !routes.some((route) => route.gw !== undefined && sameCIDR(route.dst, dst))
      ) {
        routes.push({ dst, gw: gateway });
      }
    }
  }
  return { ...result, ips, routes: withMetric(routes, config.metric) };
}

/** The link that gets the gateway addresses, and the ADD that adds them. */
interface GatewayLink extends HostAddition {
  readonly link: Link;
  /** Whether no other attachment relies on the addresses; asked when they are about to be undone. */
  isFree(): boolean;
}

/**
 * Gives a link the gateway address of each subnet.
 * @param link the bridge, or the link that takes its place in a VLAN
 * @throws CniError code 7 if it has a different one and forceAddress is not set; NetlinkError
 */
export function ensureGateways(
  addition: HostAddition,
  bridge: Link,
  link: Link,
  ips: readonly IPConfig[],
): void {
  const isFree = (): boolean => !servesOthers(addition.sides.host, bridge, addition.attachment);
  const gatewayLink = { ...addition, link, isFree };
  const gateways = ips.flatMap(({ address, gateway }) =>
    gateway === undefined ? [] : [{ ip: gateway, prefix: address.prefix }],
  );
  for (const of of [family.ipv4, family.ipv6]) {
    const wanted = gateways.filter(({ ip }) => ip.family === of);
    if (wanted.length > 0) ensureAddresses(gatewayLink, of, wanted);
  }
}

function ensureAddresses(gatewayLink: GatewayLink, of: Family, wanted: readonly CIDR[]): void {
  const { sides, link } = gatewayLink;
  const live = listAddresses(sides.host, link, of);
  const missing = wanted.filter((one) => !live.some(({ cidr }) => sameCIDR(cidr, one)));
  if (missing.length === 0) return;
  const others = live.filter(({ cidr }) => !wanted.some((one) => sameCIDR(cidr, one)));
  const inTheWay = others.filter(({ cidr }) => missing.some((one) => conflict(cidr, one)));
  if (inTheWay.length > 0) {
    refuseDifferent(gatewayLink, inTheWay, missing);
    removeAddresses(gatewayLink, inTheWay, live);
  }
  if (of === family.ipv6) enableIPv6(gatewayLink);
  pinMac(sides.host, link);
  // A wanted address may have been there as a secondary of one that was in the way.
  for (const cidr of inTheWay.length > 0 ? wanted : missing) addAddress(gatewayLink, cidr);
}

/** Turns IPv6 on if it is off. The kernel puts an address's local route on lo, so lo needs it too. */
function enableIPv6({ attachment, sides, undo, link, isFree }: GatewayLink): void {
  const isHostFree = (): boolean => !hostServesOthers(sides.host, attachment);
  changeSysctl('net/ipv6/conf/lo/disable_ipv6', '0', undo, isHostFree);
  changeSysctl(`net/ipv6/conf/${link.name}/disable_ipv6`, '0', undo, isFree);
}

/** A link has the IPv4 gateways of one network only, and those of any IPv6 subnets that don't overlap. */
function conflict(there: CIDR, wanted: CIDR): boolean {
  return wanted.ip.family === family.ipv4 || contains(there, wanted.ip) || contains(wanted, there.ip);
}

function listed(cidrs: readonly CIDR[]): string {
  return cidrs.map(formatCIDR).join(', ');
}

/** @throws CniError code 7 if addresses are in the way and forceAddress is not set */
function refuseDifferent(
  { config: { forceAddress }, link }: GatewayLink,
  inTheWay: readonly LinkAddress[],
  missing: readonly CIDR[],
): void {
  if (forceAddress) return;
  throw new CniError(
    errorCode.invalidConfig,
    `${link.kind} "${link.name}" already has an IP address different from ${listed(missing)}`,
    `it has ${listed(inTheWay.map(({ cidr }) => cidr))}; "forceAddress": true replaces it`,
  );
}

/** @param live all addresses of their family on the link */
function removeAddresses(
  { sides: { host }, undo, link, isFree }: GatewayLink,
  inTheWay: readonly LinkAddress[],
  live: readonly LinkAddress[],
): void {
  const of = inTheWay[0]?.cidr.ip.family ?? family.ipv4;
  // With the last address of a family the kernel removes the routes too, and with a primary one its secondaries.
  const routes = listLinkRoutes(host, link, of);
  undo.register(`removal of ${listed(inTheWay.map(({ cidr }) => cidr))} from ${link.name}`, () => {
    if (!isFree()) return;
    // The kernel lists the oldest IPv4 address first, but the newest IPv6 address.
    const oldestFirst = of === family.ipv4 ? live : live.toReversed();
    for (const one of oldestFirst) executeUnless(host, restoreLinkAddress(link, one), 'EEXIST');
    restoreLinkRoutes(host, link, of, routes);
  });
  for (const one of inTheWay) executeUnless(host, deleteLinkAddress(link, one), 'EADDRNOTAVAIL');
}

function addAddress({ sides: { host }, undo, link, isFree }: GatewayLink, cidr: CIDR): void {
  try {
    undo.attempt(
      `address ${formatCIDR(cidr)} of ${link.name}`,
      () => host.execute(newAddress(link, cidr, { nodad: cidr.ip.family === family.ipv6 })),
      () => {
        if (isFree()) executeUnless(host, deleteAddress(link, cidr), 'EADDRNOTAVAIL', 'ENODEV');
      },
    );
  } catch (error) {
    // Another ADD added it meanwhile.
    if (isErrno(error, 'EEXIST')) return;
    throw error;
  }
}

/**
 * Makes a bridge keep its MAC address, which one with an IP address must. If another program made the bridge and left
 * the MAC address to the kernel, which takes the lowest of the ports', setting it to itself pins it. It cannot be
 * unpinned. Done before there is an IP address, so that whoever finds the address finds the bridge pinned.
 */
function pinMac(host: Connection, link: Link): void {
  const { mac } = isPortMac(link.mac) ? (getLink(host, link.name) ?? link) : link;
  host.execute(setLink(link, { mac }));
}

/** Executes a request that the kernel refuses with one of these errnos if there is nothing left to do. */
function executeUnless(host: Connection, request: NetlinkRequest, ...errnoNames: string[]): void {
  const [reply] = host.exchange([request]);
  if (reply?.error !== undefined && !isErrno(reply.error, ...errnoNames)) throw reply.error;
}
