import type { Attachment } from '../../cni/attachment.ts';
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
import { type Link, setLink } from '../../netlink/route/link.ts';
import { listLinkRoutes, restoreLinkRoutes } from '../../netlink/route/link-routes.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { hostServesOthers, servesOthers } from './bridge.ts';
import { changeSysctl } from './sysctl.ts';
import type { Undo } from './undo.ts';

function anywhere(of: Family): CIDR {
  return { ip: { family: of, value: 0n }, prefix: 0 };
}

/**
 * Completes what IPAM answered by what the configuration says of gateways: with isGateway each address has one (the
 * subnet's first where IPAM gave none), with isDefaultGateway each family has a default route, unless IPAM gave one
 * with a gateway.
 */
export function withGateways(result: Result, config: BridgeConfig): Result {
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
  return { ...result, ips, routes };
}

/**
 * Gives a link the gateway address of each subnet: the bridge, or what stands for it in a VLAN.
 * @throws CniError code 7 where it has a differing one and forceAddress is not set; NetlinkError
 */
export function ensureGateways(
  host: Connection,
  bridge: Link,
  link: Link,
  ips: readonly IPConfig[],
  config: BridgeConfig,
  attachment: Attachment,
  undo: Undo,
): void {
  const free = (): boolean => !servesOthers(host, bridge, attachment);
  const gateways = ips.flatMap(({ address, gateway }) =>
    gateway === undefined ? [] : [{ ip: gateway, prefix: address.prefix }],
  );
  for (const of of [family.ipv4, family.ipv6]) {
    const wanted = gateways.filter(({ ip }) => ip.family === of);
    if (wanted.length === 0) continue;
    const live = listAddresses(host, link, of);
    const missing = wanted.filter((one) => !live.some(({ cidr }) => sameCIDR(cidr, one)));
    if (missing.length === 0) continue;
    const others = live.filter(({ cidr }) => !wanted.some((one) => sameCIDR(cidr, one)));
    const inTheWay = others.filter(({ cidr }) => missing.some((one) => conflict(cidr, one)));
    if (inTheWay.length > 0) replaceAddresses(host, link, of, live, inTheWay, missing, config, free, undo);
    // One that was there may have been the secondary of one in the way.
    for (const cidr of inTheWay.length > 0 ? wanted : missing) addAddress(host, link, cidr, free, undo);
  }
}

/** A link has the IPv4 gateways of one network alone, and of IPv6 subnets any that do not overlap. */
function conflict(there: CIDR, wanted: CIDR): boolean {
  return wanted.ip.family === family.ipv4 || contains(there, wanted.ip) || contains(wanted, there.ip);
}

/**
 * With forceAddress, takes away the addresses that are in the way of others.
 * @param free whether no other container relies on them, asked when they might be given back
 */
function replaceAddresses(
  host: Connection,
  link: Link,
  of: Family,
  live: readonly LinkAddress[],
  inTheWay: readonly LinkAddress[],
  wanted: readonly CIDR[],
  { forceAddress }: BridgeConfig,
  free: () => boolean,
  undo: Undo,
): void {
  const list = (cidrs: readonly CIDR[]): string => cidrs.map(formatCIDR).join(', ');
  const there = list(inTheWay.map(({ cidr }) => cidr));
  if (!forceAddress) {
    throw new CniError(
      errorCode.invalidConfig,
      `${link.kind} ${link.name} already has an address different from ${list(wanted)}`,
      `it has ${there}; "forceAddress": true replaces it`,
    );
  }
  // With the last address of a family the kernel takes away the routes too, and with a primary one its secondaries.
  const routes = listLinkRoutes(host, link, of);
  undo.register(`removal of ${there} from ${link.name}`, () => {
    if (!free()) return;
    // The kernel lists the oldest IPv4 address first, of IPv6 the newest.
    const oldestFirst = of === family.ipv4 ? live : live.toReversed();
    for (const one of oldestFirst) executeUnless(host, restoreLinkAddress(link, one), 'EEXIST');
    restoreLinkRoutes(host, link, of, routes);
  });
  for (const one of inTheWay) executeUnless(host, deleteLinkAddress(link, one), 'EADDRNOTAVAIL');
}

function addAddress(host: Connection, link: Link, cidr: CIDR, free: () => boolean, undo: Undo): void {
  try {
    undo.attempt(
      `address ${formatCIDR(cidr)} of ${link.name}`,
      () => host.execute(newAddress(link, cidr, { nodad: cidr.ip.family === family.ipv6 })),
      () => {
        if (free()) executeUnless(host, deleteAddress(link, cidr), 'EADDRNOTAVAIL', 'ENODEV');
      },
    );
  } catch (error) {
    // Another ADD gave it meanwhile.
    if (isErrno(error, 'EEXIST')) return;
    throw error;
  }
  // An address keeps the bridge's MAC address what it is; setting that to itself pins it where another made the
  // bridge and left it to the kernel, which would take the lowest of the ports'. There is no way to unpin it.
  host.execute(setLink(link.name, { mac: link.mac }));
}

/** Does what may have been done already, which the kernel then refuses with one of these errnos. */
function executeUnless(host: Connection, request: NetlinkRequest, ...errnoNames: string[]): void {
  const [reply] = host.exchange([request]);
  if (reply?.error !== undefined && !isErrno(reply.error, ...errnoNames)) throw reply.error;
}

/** The sysctl that turns forwarding on for a family. */
const forwarding = {
  [family.ipv4]: 'net/ipv4/ip_forward',
  [family.ipv6]: 'net/ipv6/conf/all/forwarding',
} as const;

/** Turns forwarding on for each family that has an address here. */
export function enableForwarding(
  host: Connection,
  ips: readonly IPConfig[],
  attachment: Attachment,
  undo: Undo,
): void {
  for (const of of [family.ipv4, family.ipv6]) {
    if (!ips.some(({ address }) => address.ip.family === of)) continue;
    changeSysctl(forwarding[of], '1', undo, () => !hostServesOthers(host, attachment));
  }
}
