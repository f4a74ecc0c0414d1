import { Attributes, attribute, attributeList } from '../attribute.ts';
import { equal } from '../bytes.ts';
import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import { bytes } from '../format.ts';
import type { Family } from '../ip.ts';
import { NLM_F_APPEND, NLM_F_CREATE } from '../linux/netlink.ts';
import {
  RTA_CACHEINFO,
  RTA_GATEWAY,
  RTA_OIF,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTNH_F_ONLINK,
  RTPROT_KERNEL,
  rtmsg,
  rtnexthop,
} from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';
import { nextHops } from './next-hop.ts';

/** A route of a link from the kernel, without its state: struct rtmsg and attributes. */
export type LinkRoute = Uint8Array;

function attributesOf(route: Uint8Array): Attributes {
  return new Attributes(route.subarray(rtmsg.length));
}

function uses(route: Uint8Array, index: number): boolean {
  const attributes = attributesOf(route);
  if (attributes.get(RTA_OIF) === index) return true;
  return [...nextHops(attributes)].some((hop) => rtnexthop.rtnh_ifindex.get(hop) === index);
}

function withoutState(message: Uint8Array): LinkRoute {
  const route = message.slice();
  const flagsAt = rtnexthop.rtnh_flags.at;
  // Views of the copy: writing to them changes the attributes below.
  for (const hop of nextHops(attributesOf(route))) hop[flagsAt] = (hop[flagsAt] ?? 0) & RTNH_F_ONLINK;
  const { rtm_flags } = rtmsg;
  const body = new MessageBody()
    .raw(route.subarray(0, rtmsg.length))
    .set(rtm_flags, rtm_flags.get(route) & RTNH_F_ONLINK);
  for (const [type, payload] of attributeList(route.subarray(rtmsg.length))) {
    if (type !== RTA_CACHEINFO.type) body.put(attribute(type, bytes), payload);
  }
  return body.done();
}

/**
 * A family's routes out of a link, in every table, that the kernel didn't add itself.
 * @throws NetlinkError
 */
export function listLinkRoutes(
  connection: Connection,
  { index }: Pick<Link, 'index'>,
  of: Family,
): LinkRoute[] {
  return connection
    .dump({
      type: RTM_GETROUTE,
      flags: 0,
      body: new MessageBody().struct(rtmsg).set(rtmsg.rtm_family, of).done(),
      operation: 'list routes',
      object: '',
    })
    .map(({ body }) => body)
    .filter(
      (route) =>
        rtmsg.rtm_family.get(route) === of &&
        rtmsg.rtm_protocol.get(route) !== RTPROT_KERNEL &&
        uses(route, index),
    )
    .map(withoutState);
}

/**
 * Restores the routes that were removed with a link's addresses, and those that lost their source address.
 * @throws NetlinkError
 */
export function restoreLinkRoutes(
  connection: Connection,
  link: Pick<Link, 'index' | 'name'>,
  of: Family,
  routes: readonly LinkRoute[],
): void {
  const there = listLinkRoutes(connection, link, of);
  const missing = routes.filter((route) => !there.some((one) => equal(one, route)));
  // A gateway must be reachable before a route uses it.
  const direct = (route: LinkRoute): boolean => !attributesOf(route).has(RTA_GATEWAY);
  const inOrder = [...missing.filter(direct), ...missing.filter((route) => !direct(route))];
  const object = `of ${link.name}`;
  for (const body of inOrder) {
    const [remainder, restored] = connection.exchange([
      { type: RTM_DELROUTE, flags: 0, body, operation: 'delete route', object },
      { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_APPEND, body, operation: 'restore route', object },
    ]);
    if (remainder?.error !== undefined && !isErrno(remainder.error, 'ESRCH')) throw remainder.error;
    if (restored?.error !== undefined && !isErrno(restored.error, 'EEXIST')) throw restored.error;
  }
}
