import { Attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { type CIDR, type Family, family, formatCIDR, formatIP, type IP, subnetOf } from '../ip.ts';
import { NLM_F_CREATE } from '../linux/netlink.ts';
import {
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_COMPAT,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_METRICS,
  RTA_OIF,
  RTA_PRIORITY,
  RTA_TABLE,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTN_UNICAST,
  RTPROT_BOOT,
  rtmsg,
} from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';
import { gatewayOf, nextHops, putNextHops } from './next-hop.ts';

/** RT_SCOPE_*, linux/rtnetlink.h */
export const scope = { universe: RT_SCOPE_UNIVERSE, link: RT_SCOPE_LINK } as const;

/** A route to add; absent settings take the kernel's defaults. */
export interface RouteSettings {
  readonly dst: CIDR;
  /** Several become next hops of the same weight. */
  readonly gateways?: readonly IP[] | undefined;
  /** In bytes. */
  readonly mtu?: number | undefined;
  /** In bytes. */
  readonly advmss?: number | undefined;
  /** Lower is preferred. */
  readonly priority?: number | undefined;
  /** RT_TABLE_*, or any other number; `main` by default. */
  readonly table?: number | undefined;
  /** RT_SCOPE_*; by default `link` without a gateway, `universe` with one. */
  readonly scope?: number | undefined;
}

/** Adds a route out of a link. It fails with EEXIST if it exists, with ENETUNREACH if a gateway can't be reached. */
export function newRoute(link: Pick<Link, 'index' | 'name'>, route: RouteSettings): NetlinkRequest {
  const { gateways = [], table = RT_TABLE_MAIN, priority, mtu, advmss } = route;
  const dst = subnetOf(route.dst);
  const body = new MessageBody()
    .struct(rtmsg)
    .set(rtmsg.rtm_family, dst.ip.family)
    .set(rtmsg.rtm_dst_len, dst.prefix)
    .set(rtmsg.rtm_table, table < 256 ? table : RT_TABLE_COMPAT)
    .set(rtmsg.rtm_protocol, RTPROT_BOOT)
    .set(rtmsg.rtm_scope, route.scope ?? (gateways.length === 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE))
    .set(rtmsg.rtm_type, RTN_UNICAST);
  body.put(RTA_DST, dst.prefix > 0 ? dst.ip : undefined);
  putNextHops(body, link, gateways);
  body.put(RTA_TABLE, table).put(RTA_PRIORITY, priority);
  if (mtu !== undefined || advmss !== undefined) {
    body.nested(RTA_METRICS, () => body.put(RTAX_MTU, mtu).put(RTAX_ADVMSS, advmss));
  }
  const via = gateways.map((ip) => ` via ${formatIP(ip)}`).join('');
  return {
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE,
    body: body.done(),
    operation: 'add route',
    object: `${formatCIDR(dst)}${via} dev ${link.name}`,
  };
}

/** A route in the kernel: its destination, the gateways of its next hops, its settings; 0 for none. */
export interface LiveRoute {
  readonly dst: string;
  readonly gateways: readonly string[];
  readonly table: number;
  readonly priority: number;
  readonly mtu: number;
  readonly advmss: number;
  /** Index of the link that it leads out of; 0 where it has several next hops. */
  readonly link: number;
}

/**
 * Every unicast route of a family, in every table.
 * @throws NetlinkError
 */
export function listRoutes(connection: Connection, of: Family): LiveRoute[] {
  const messages = connection.dump({
    type: RTM_GETROUTE,
    flags: 0,
    body: new MessageBody().struct(rtmsg).set(rtmsg.rtm_family, of).done(),
    operation: 'list routes',
    object: of === family.ipv4 ? 'of IPv4' : 'of IPv6',
  });
  const routes: LiveRoute[] = [];
  for (const { body } of messages) {
    if (rtmsg.rtm_family.get(body) !== of || rtmsg.rtm_type.get(body) !== RTN_UNICAST) continue;
    const attributes = new Attributes(body.subarray(rtmsg.length));
    const metrics = attributes.nested(RTA_METRICS);
    const ip = attributes.get(RTA_DST) ?? { family: of, value: 0n };
    const gateways = [attributes.get(RTA_GATEWAY), ...[...nextHops(attributes)].map(gatewayOf)];
    routes.push({
      dst: formatCIDR({ ip, prefix: rtmsg.rtm_dst_len.get(body) }),
      gateways: gateways.flatMap((gateway) => (gateway === undefined ? [] : [formatIP(gateway)])),
      table: attributes.get(RTA_TABLE) || rtmsg.rtm_table.get(body),
      priority: attributes.get(RTA_PRIORITY),
      mtu: metrics.get(RTAX_MTU),
      advmss: metrics.get(RTAX_ADVMSS),
      link: attributes.get(RTA_OIF),
    });
  }
  return routes;
}
