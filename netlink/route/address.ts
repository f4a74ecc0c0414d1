import { attributes } from '../attribute.ts';
import { getU32 } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { type CIDR, family, formatCIDR, ipBytes, ipOfBytes, lastOf } from '../ip.ts';
import { flag } from '../message.ts';
import { MessageBody } from '../message-body.ts';

/** linux/rtnetlink.h */
const type = { newaddr: 20, deladdr: 21, getaddr: 22 } as const;
/** IFA_*, linux/if_addr.h */
const ifa = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
/** IFA_F_*, linux/if_addr.h */
const ifaFlag = { nodad: 0x02, dadfailed: 0x08, tentative: 0x40 } as const;

/** struct ifaddrmsg, linux/if_addr.h: family, prefix length, flags and scope in a byte each, then the link's index. */
function ifaddrmsg(of: number, prefix: number, index: number): MessageBody {
  return new MessageBody(of | (prefix << 8), index);
}

function change(
  verb: { type: number; flags: number; operation: string },
  link: { index: number; name: string },
  cidr: CIDR,
  more: (body: MessageBody) => void = () => undefined,
): NetlinkRequest {
  const bytes = ipBytes(cidr.ip);
  const body = ifaddrmsg(cidr.ip.family, cidr.prefix, link.index);
  body.bytes(ifa.local, bytes).bytes(ifa.address, bytes);
  more(body);
  return {
    type: verb.type,
    flags: verb.flags,
    body: body.done(),
    operation: verb.operation,
    object: `${formatCIDR(cidr)} on ${link.name}`,
  };
}

/**
 * Adds an address to a link; an IPv4 one with its subnet's broadcast address.
 * @param options `nodad`: an IPv6 address is usable at once, without duplicate address detection
 */
export function newAddress(
  link: { index: number; name: string },
  cidr: CIDR,
  options: { nodad?: boolean } = {},
): NetlinkRequest {
  const verb = { type: type.newaddr, flags: flag.create | flag.exclusive, operation: 'add address' };
  return change(verb, link, cidr, (body) => {
    if (cidr.ip.family === family.ipv4 && cidr.prefix < 31) body.bytes(ifa.broadcast, ipBytes(lastOf(cidr)));
    if (options.nodad === true) body.u32(ifa.flags, ifaFlag.nodad);
  });
}

/** Deletes an address from a link. */
export function deleteAddress(link: { index: number; name: string }, cidr: CIDR): NetlinkRequest {
  return change({ type: type.deladdr, flags: 0, operation: 'delete address' }, link, cidr);
}

/** Deletes exactly this one of the addresses of a link, whose label or peer may differ from another's. */
export function deleteLinkAddress(link: { name: string }, { cidr, body }: LinkAddress): NetlinkRequest {
  const object = `${formatCIDR(cidr)} on ${link.name}`;
  return { type: type.deladdr, flags: 0, body, operation: 'delete address', object };
}

/** Adds an address that was deleted just as it was: label, peer, broadcast, scope, flags, metric and lifetimes. */
export function restoreLinkAddress(link: { name: string }, { cidr, body }: LinkAddress): NetlinkRequest {
  const object = `${formatCIDR(cidr)} on ${link.name}`;
  const flags = flag.create | flag.exclusive;
  return { type: type.newaddr, flags, body, operation: 'add address', object };
}

/** An address as the kernel tells of it. */
export interface LinkAddress {
  readonly cidr: CIDR;
  /** The message's: struct ifaddrmsg and attributes. */
  readonly body: Uint8Array;
  /** RT_SCOPE_*: 0 is global, 253 link. */
  readonly scope: number;
  readonly tentative: boolean;
  readonly dadFailed: boolean;
}

/**
 * The addresses of one family on one link.
 * @throws NetlinkError
 */
export function listAddresses(
  connection: Connection,
  link: { index: number; name: string },
  of: number,
): LinkAddress[] {
  const found: LinkAddress[] = [];
  for (const { body } of connection.dump({
    type: type.getaddr,
    flags: 0,
    body: ifaddrmsg(of, 0, link.index).done(),
    operation: 'list addresses of',
    object: link.name,
  })) {
    // A kernel without NETLINK_GET_STRICT_CHK sends every link's.
    if (body[0] !== of || getU32(body, 4) !== link.index) continue;
    const attrs = attributes(body.subarray(8));
    const ip = ipOfBytes(attrs.get(ifa.local) ?? attrs.get(ifa.address));
    const bits = attrs.has(ifa.flags) ? attrs.u32(ifa.flags) : (body[2] ?? 0);
    if (ip === undefined) continue;
    found.push({
      cidr: { ip, prefix: body[1] ?? 0 },
      body,
      scope: body[3] ?? 0,
      tentative: (bits & ifaFlag.tentative) !== 0,
      dadFailed: (bits & ifaFlag.dadfailed) !== 0,
    });
  }
  return found;
}
