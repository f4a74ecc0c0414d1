import { align, attribute, attributes, nested } from './attribute.ts';
import { concat, littleEndian, u32, view } from './bytes.ts';
import type { Connection, NetlinkRequest } from './connection.ts';
import { ProtocolError } from './error.ts';
import {
  type CIDR,
  type Family,
  family,
  formatCIDR,
  formatIP,
  type IP,
  ipBytes,
  ipOfBytes,
  subnetOf,
} from './ip.ts';
import { flag } from './message.ts';

/** RTM_NEWROUTE, RTM_GETROUTE, linux/rtnetlink.h */
const newrouteType = 24;
const getrouteType = 26;
/** RTA_* and RTAX_*, linux/rtnetlink.h */
const rta = { dst: 1, oif: 4, gateway: 5, priority: 6, metrics: 8, multipath: 9, table: 15 } as const;
const rtax = { mtu: 2, advmss: 8 } as const;
/** RT_TABLE_MAIN, RT_TABLE_COMPAT, RTPROT_BOOT, RTN_UNICAST, RT_SCOPE_* */
const mainTable = 254;
const compatTable = 252;
const bootProtocol = 3;
const unicast = 1;
export const scope = { universe: 0, link: 253 } as const;

/** A route to make; what is absent is the kernel's default. */
export interface RouteSettings {
  readonly dst: CIDR;
  readonly gateway?: IP | undefined;
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly priority?: number | undefined;
  readonly table?: number | undefined;
  readonly scope?: number | undefined;
}

/** Adds a route out of a link; beside an equal one that has another gateway, as one more next hop. */
export function newRoute(link: { index: number; name: string }, route: RouteSettings): NetlinkRequest {
  const dst = subnetOf(route.dst);
  const table = route.table ?? mainTable;
  const attrs: Uint8Array[] = [];
  if (dst.prefix > 0) attrs.push(attribute(rta.dst, ipBytes(dst.ip)));
  attrs.push(attribute(rta.oif, u32(link.index)), attribute(rta.table, u32(table)));
  if (route.gateway !== undefined) attrs.push(attribute(rta.gateway, ipBytes(route.gateway)));
  if (route.priority !== undefined) attrs.push(attribute(rta.priority, u32(route.priority)));
  const metrics: Uint8Array[] = [];
  if (route.mtu !== undefined) metrics.push(attribute(rtax.mtu, u32(route.mtu)));
  if (route.advmss !== undefined) metrics.push(attribute(rtax.advmss, u32(route.advmss)));
  if (metrics.length > 0) attrs.push(nested(rta.metrics, ...metrics));
  const reach = route.scope ?? (route.gateway === undefined ? scope.link : scope.universe);
  // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
  const head = [
    dst.ip.family,
    dst.prefix,
    0,
    0,
    table < 256 ? table : compatTable,
    bootProtocol,
    reach,
    unicast,
  ];
  return {
    type: newrouteType,
    flags: flag.create,
    body: concat([new Uint8Array([...head, 0, 0, 0, 0]), ...attrs]),
    operation: 'add route',
    object: `${formatCIDR(dst)}${route.gateway === undefined ? '' : ` via ${formatIP(route.gateway)}`} dev ${link.name}`,
  };
}

/** A route as the kernel tells of it: its destination, and the gateways of its next hops. */
export interface LiveRoute {
  readonly dst: string;
  readonly gateways: readonly string[];
}

/** struct rtnexthop, before its attributes. */
const nextHopHeader = 8;

function* nextHopGateways(multipath: Uint8Array): Generator<Uint8Array | undefined> {
  for (let rest = multipath; rest.length >= nextHopHeader; ) {
    const length = view(rest).getUint16(0, littleEndian);
    if (length < nextHopHeader || length > rest.length)
      throw new ProtocolError(`next hop of ${length} bytes`);
    yield attributes(rest.subarray(nextHopHeader, length)).get(rta.gateway);
    rest = rest.subarray(align(length));
  }
}

/**
 * Every unicast route of a family, of every table.
 * @throws NetlinkError
 */
export function listRoutes(connection: Connection, of: Family): LiveRoute[] {
  const messages = connection.dump({
    type: getrouteType,
    flags: 0,
    body: new Uint8Array([of, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    operation: 'list routes',
    object: of === family.ipv4 ? 'of IPv4' : 'of IPv6',
  });
  const routes: LiveRoute[] = [];
  for (const { body } of messages) {
    if (body[0] !== of || body[7] !== unicast) continue;
    const attrs = attributes(body.subarray(12));
    const dst = ipOfBytes(attrs.get(rta.dst)) ?? { family: of, value: 0n };
    const hops = [attrs.get(rta.gateway), ...nextHopGateways(attrs.get(rta.multipath) ?? new Uint8Array())];
    routes.push({
      dst: formatCIDR({ ip: dst, prefix: body[1] ?? 0 }),
      gateways: hops.flatMap((bytes) => {
        const ip = ipOfBytes(bytes);
        return ip === undefined ? [] : [formatIP(ip)];
      }),
    });
  }
  return routes;
}
