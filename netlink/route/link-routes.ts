import { align, attribute, attributeList, attributes } from '../attribute.ts';
import { concat, equal, getU16, getU32 } from '../bytes.ts';
import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import type { Family } from '../ip.ts';
import { flag } from '../message.ts';

/** linux/rtnetlink.h */
const type = { newroute: 24, delroute: 25, getroute: 26 } as const;
/** RTA_*, linux/rtnetlink.h */
const rta = { oif: 4, gateway: 5, multipath: 9, cacheinfo: 12 } as const;
/** RTPROT_KERNEL: made with an address or a link, and coming and going with it. */
const kernelProtocol = 2;
/** RTNH_F_ONLINK, the one flag of a next hop that is a setting and no state. */
const onlink = 4;
/** Lengths of struct rtmsg and struct rtnexthop, and where they have their flags. */
const message = { length: 12, protocol: 5, flags: 8 } as const;
const nextHop = { length: 8, flags: 2, index: 4 } as const;

/** A route of a link as the kernel told of it, less what is state: struct rtmsg and attributes. */
export type LinkRoute = Uint8Array;

function* nextHops(multipath: Uint8Array): Generator<Uint8Array> {
  for (let rest = multipath; rest.length >= nextHop.length; ) {
    const length = Math.max(nextHop.length, getU16(rest, 0));
    yield rest.subarray(0, length);
    rest = rest.subarray(align(length));
  }
}

function uses(body: Uint8Array, index: number): boolean {
  const attrs = attributes(body.subarray(message.length));
  if (attrs.u32(rta.oif) === index) return true;
  const hops = [...nextHops(attrs.get(rta.multipath) ?? new Uint8Array())];
  return hops.some((hop) => getU32(hop, nextHop.index) === index);
}

function withoutState(body: Uint8Array): LinkRoute {
  const head = body.slice(0, message.length);
  head.set([(head[message.flags] ?? 0) & onlink, 0, 0, 0], message.flags);
  const attrs: Uint8Array[] = [];
  for (const [attr, value] of attributeList(body.subarray(message.length))) {
    if (attr === rta.cacheinfo) continue;
    const copy = value.slice();
    if (attr === rta.multipath) {
      for (const hop of nextHops(copy)) hop[nextHop.flags] = (hop[nextHop.flags] ?? 0) & onlink;
    }
    attrs.push(attribute(attr, copy));
  }
  return concat([head, ...attrs]);
}

/**
 * The routes of a family out of a link that someone made, of every table.
 * @throws NetlinkError
 */
export function listLinkRoutes(connection: Connection, link: { index: number }, of: Family): LinkRoute[] {
  const body = new Uint8Array(message.length);
  body[0] = of;
  return connection
    .dump({ type: type.getroute, flags: 0, body, operation: 'list routes', object: '' })
    .map((one) => one.body)
    .filter((one) => one[0] === of && one[message.protocol] !== kernelProtocol && uses(one, link.index))
    .map(withoutState);
}

/**
 * Puts back the routes that went with a link's addresses, and those that lost their source address with one.
 * @throws NetlinkError
 */
export function restoreLinkRoutes(
  connection: Connection,
  link: { index: number; name: string },
  of: Family,
  routes: readonly LinkRoute[],
): void {
  const there = listLinkRoutes(connection, link, of);
  const missing = routes.filter((route) => !there.some((one) => equal(one, route)));
  // A gateway must be reachable by the time that it is used.
  const direct = (route: LinkRoute): boolean => !attributes(route.subarray(message.length)).has(rta.gateway);
  const inOrder = [...missing.filter(direct), ...missing.filter((route) => !direct(route))];
  const object = `of ${link.name}`;
  for (const body of inOrder) {
    const [remainder, restored] = connection.exchange([
      { type: type.delroute, flags: 0, body, operation: 'delete route', object },
      { type: type.newroute, flags: flag.create | flag.append, body, operation: 'restore route', object },
    ]);
    if (remainder?.error !== undefined && !isErrno(remainder.error, 'ESRCH')) throw remainder.error;
    if (restored?.error !== undefined && !isErrno(restored.error, 'EEXIST')) throw restored.error;
  }
}
