import type { Attachment } from '../ipam/config.ts';
import { CniError, errorCode } from '../ipam/error.ts';
import type { IPConfig, Result } from '../ipam/result.ts';
import { deleteAddress, listAddresses, newAddress } from '../netlink/address.ts';
import type { Connection, NetlinkRequest } from '../netlink/connection.ts';
import { isErrno } from '../netlink/error.ts';
import {
  type CIDR,
  contains,
  type Family,
  family,
  formatCIDR,
  formatIP,
  next,
  subnetOf,
} from '../netlink/ip.ts';
import { type Link, setLink } from '../netlink/link.ts';
import { servesOthers } from './bridge.ts';
import type { BridgeConfig } from './config.ts';
import { cidrOf, ipOf } from './container.ts';
import { changeSysctl } from './sysctl.ts';
import type { Undo } from './undo.ts';

const anywhere = { [family.ipv4]: '0.0.0.0/0', [family.ipv6]: '::/0' } as const;

/**
 * Completes what IPAM answered by what the configuration says of gateways: with isGateway each address has one (the
 * subnet's first where IPAM gave none), with isDefaultGateway each family has a default route, unless IPAM gave one
 * with a gateway.
 */
export function withGateways(result: Result, config: BridgeConfig): Result {
  const ips = result.ips.map((ip): IPConfig => {
    const gateway =
      ip.gateway ?? (config.isGateway ? formatIP(next(subnetOf(cidrOf(ip.address)).ip)) : undefined);
    return { ...ip, ...(gateway === undefined ? {} : { gateway }) };
  });
  const routes = [...result.routes];
  if (config.isDefaultGateway) {
    for (const { address, gateway } of ips) {
      const dst = anywhere[cidrOf(address).ip.family];
      if (gateway !== undefined && !routes.some((route) => route.gw !== undefined && route.dst === dst)) {
        routes.push({ dst, gw: gateway });
      }
    }
  }
  return { ...result, ips, routes };
}

/**
 * Gives the bridge the gateway address of each subnet.
 * @throws CniError code 7 where it has a differing one and forceAddress is not set; NetlinkError
 */
export function ensureGateways(
  host: Connection,
  bridge: Link,
  ips: readonly IPConfig[],
  config: BridgeConfig,
  attachment: Attachment,
  undo: Undo,
): void {
  for (const { address, gateway } of ips) {
    if (gateway === undefined) continue;
    const cidr = { ip: ipOf(gateway), prefix: cidrOf(address).prefix };
    ensureAddress(host, bridge, cidr, config, attachment, undo);
  }
}

function ensureAddress(
  host: Connection,
  bridge: Link,
  cidr: CIDR,
  config: BridgeConfig,
  attachment: Attachment,
  undo: Undo,
): void {
  const text = formatCIDR(cidr);
  for (const { cidr: there } of listAddresses(host, bridge, cidr.ip.family)) {
    if (formatCIDR(there) === text) return;
    const conflicts = cidr.ip.family === family.ipv4 || contains(there, cidr.ip) || contains(cidr, there.ip);
    if (!conflicts) continue;
    if (!config.forceAddress) {
      throw new CniError(
        errorCode.invalidConfig,
        `bridge ${bridge.name} already has an address different from ${text}`,
        `it has ${formatCIDR(there)}; "forceAddress": true replaces it`,
      );
    }
    undo.attempt(
      `removal of ${formatCIDR(there)} from ${bridge.name}`,
      () => host.execute(deleteAddress(bridge, there)),
      () => executeUnless(host, newAddress(bridge, there), 'EEXIST'),
    );
  }
  try {
    undo.attempt(
      `address ${text} of ${bridge.name}`,
      () => host.execute(newAddress(bridge, cidr, { nodad: cidr.ip.family === family.ipv6 })),
      () => {
        if (!servesOthers(host, bridge, attachment)) {
          executeUnless(host, deleteAddress(bridge, cidr), 'EADDRNOTAVAIL');
        }
      },
    );
  } catch (error) {
    // Another ADD gave it meanwhile.
    if (isErrno(error, 'EEXIST')) return;
    throw error;
  }
  // An address keeps the bridge's MAC address what it is; setting that to itself pins it where another made the
  // bridge and left it to the kernel, which would take the lowest of the ports'. There is no way to unpin it.
  host.execute(setLink(bridge.name, { mac: bridge.mac }));
}

/** Does what may have been done already, which the kernel then refuses with this errno. */
function executeUnless(host: Connection, request: NetlinkRequest, errnoName: string): void {
  const [reply] = host.exchange([request]);
  if (reply?.error !== undefined && !isErrno(reply.error, errnoName)) throw reply.error;
}

/** The sysctl that turns forwarding on for a family. */
const forwarding = {
  [family.ipv4]: 'net/ipv4/ip_forward',
  [family.ipv6]: 'net/ipv6/conf/all/forwarding',
} as const;

/** Turns forwarding on for each family that has an address here. */
export function enableForwarding(
  host: Connection,
  bridge: Link,
  ips: readonly IPConfig[],
  attachment: Attachment,
  undo: Undo,
): void {
  const families = new Set<Family>(ips.map(({ address }) => cidrOf(address).ip.family));
  for (const of of families) {
    changeSysctl(forwarding[of], '1', undo, () => !servesOthers(host, bridge, attachment));
  }
}
