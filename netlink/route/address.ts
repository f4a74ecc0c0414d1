import { Attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { type CIDR, family, formatCIDR, lastOf } from '../ip.ts';
import {
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_F_DADFAILED,
  IFA_F_NODAD,
  IFA_F_TENTATIVE,
  IFA_FLAGS,
  IFA_LOCAL,
  ifaddrmsg,
} from '../linux/if_addr.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import { RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';

const addVerb = { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, operation: 'add address' } as const;
const deleteVerb = { type: RTM_DELADDR, flags: 0, operation: 'delete address' } as const;

function request(
  verb: typeof addVerb | typeof deleteVerb,
  link: Pick<Link, 'name'>,
  cidr: CIDR,
  body: Uint8Array,
): NetlinkRequest {
  return { ...verb, body, object: `${formatCIDR(cidr)} on ${link.name}` };
}

/** struct ifaddrmsg, then the address as IFA_LOCAL and, since there is no peer, also as IFA_ADDRESS. */
function addressBody({ index }: Pick<Link, 'index'>, { ip, prefix }: CIDR): MessageBody {
  return new MessageBody()
    .struct(ifaddrmsg)
    .set(ifaddrmsg.ifa_family, ip.family)
    .set(ifaddrmsg.ifa_prefixlen, prefix)
    .set(ifaddrmsg.ifa_index, index)
    .put(IFA_LOCAL, ip)
    .put(IFA_ADDRESS, ip);
}

/**
 * Adds an address to a link; an IPv4 address with its subnet's broadcast address.
 * @param options `nodad`: an IPv6 address is usable at once, without duplicate address detection
 */
export function newAddress(
  link: Pick<Link, 'index' | 'name'>,
  cidr: CIDR,
  options: { nodad?: boolean } = {},
): NetlinkRequest {
  const hasBroadcast = cidr.ip.family === family.ipv4 && cidr.prefix < 31;
  const body = addressBody(link, cidr)
    .put(IFA_BROADCAST, hasBroadcast ? lastOf(cidr) : undefined)
    .put(IFA_FLAGS, options.nodad === true ? IFA_F_NODAD : undefined);
  return request(addVerb, link, cidr, body.done());
}

/** Deletes an address from a link. It fails with EADDRNOTAVAIL if the link doesn't have it. */
export function deleteAddress(link: Pick<Link, 'index' | 'name'>, cidr: CIDR): NetlinkRequest {
  return request(deleteVerb, link, cidr, addressBody(link, cidr).done());
}

/** Deletes exactly this address of a link, which may differ from another in label or peer alone. */
export function deleteLinkAddress(link: Pick<Link, 'name'>, { cidr, body }: LinkAddress): NetlinkRequest {
  return request(deleteVerb, link, cidr, body);
}

/** Adds a deleted address again as it was: label, peer, broadcast, scope, flags, metric and lifetimes. */
export function restoreLinkAddress(link: Pick<Link, 'name'>, { cidr, body }: LinkAddress): NetlinkRequest {
  return request(addVerb, link, cidr, body);
}

/** An address in the kernel. */
export interface LinkAddress {
  readonly cidr: CIDR;
  /** The message's body: struct ifaddrmsg and attributes. */
  readonly body: Uint8Array;
  /** Whether duplicate address detection is running. */
  readonly tentative: boolean;
  /** Whether it found a duplicate. */
  readonly dadFailed: boolean;
}

/**
 * The addresses of one family on one link.
 * @param of AF_INET or AF_INET6
 * @throws NetlinkError
 */
export function listAddresses(
  connection: Connection,
  link: Pick<Link, 'index' | 'name'>,
  of: number,
): LinkAddress[] {
  const found: LinkAddress[] = [];
  for (const { body } of connection.dump({
    type: RTM_GETADDR,
    flags: 0,
    body: new MessageBody()
      .struct(ifaddrmsg)
      .set(ifaddrmsg.ifa_family, of)
      .set(ifaddrmsg.ifa_index, link.index)
      .done(),
    operation: 'list addresses of',
    object: link.name,
  })) {
    // A kernel without NETLINK_GET_STRICT_CHK sends those of every link.
    const isAsked = ifaddrmsg.ifa_family.get(body) === of && ifaddrmsg.ifa_index.get(body) === link.index;
    if (!isAsked) continue;
    const attributes = new Attributes(body.subarray(ifaddrmsg.length));
    const ip = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (ip === undefined) continue;
    const flags = attributes.has(IFA_FLAGS) ? attributes.get(IFA_FLAGS) : ifaddrmsg.ifa_flags.get(body);
    found.push({
      cidr: { ip, prefix: ifaddrmsg.ifa_prefixlen.get(body) },
      body,
      tentative: (flags & IFA_F_TENTATIVE) !== 0,
      dadFailed: (flags & IFA_F_DADFAILED) !== 0,
    });
  }
  return found;
}
