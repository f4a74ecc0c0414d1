import { align, attribute, attributes } from '../attribute.ts';
import { concat, getU16, u16, u32 } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { ProtocolError } from '../error.ts';
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
} from '../ip.ts';
import { flag } from '../message.ts';
import { MessageBody } from '../message-body.ts';

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
  /** Several are next hops of the same weight. */
  readonly gateways?: readonly IP[];
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly priority?: number | undefined;
  readonly table?: number | undefined;
  readonly scope?: number | undefined;
}

/** The length of struct rtnexthop, before its attributes. */
const nextHopHeader = 8;

/** struct rtnexthop, linux/rtnetlink.h: its length, flags and weight, the link's index, attributes. */
function nextHop(link: { index: number }, gateway: IP): Uint8Array {
  const via = attribute(rta.gateway, ipBytes(gateway));
  return concat([u16(nextHopHeader + via.length), Uint8Array.of(0, 0), u32(link.index), via]);
}

/** Where a route leads: out of a link, through one gateway or several. */
function putHops(body: MessageBody, link: { index: number }, gateways: readonly IP[]): void {
  const [first, ...more] = gateways;
  if (more.length > 0) {
    body.bytes(rta.multipath, concat(gateways.map((gateway) => nextHop(link, gateway))));
    return;
  }
  body.u32(rta.oif, link.index);
  if (first !== undefined) body.bytes(rta.gateway, ipBytes(first));
}

function putMetrics(body: MessageBody, { mtu, advmss }: RouteSettings): void {
  if (mtu === undefined && advmss === undefined) return;
  body.nested(rta.metrics, () => {
    if (mtu !== undefined) body.u32(rtax.mtu, mtu);
    if (advmss !== undefined) body.u32(rtax.advmss, advmss);
  });
}

/** Adds a route out of a link. */
export function newRoute(link: { index: number; name: string }, route: RouteSettings): NetlinkRequest {
  const { gateways = [], table = mainTable, priority } = route;
  const dst = subnetOf(route.dst);
  const reach = route.scope ?? (gateways.length === 0 ? scope.link : scope.universe);
  // struct rtmsg: family, dst_len, src_len, tos; table, protocol, scope, type; flags.
  const body = new MessageBody(
    dst.ip.family | (dst.prefix << 8),
    (table < 256 ? table : compatTable) | (bootProtocol << 8) | (reach << 16) | (unicast << 24),
    0,
  );
  if (dst.prefix > 0) body.bytes(rta.dst, ipBytes(dst.ip));
  putHops(body, link, gateways);
  body.u32(rta.table, table);
  if (priority !== undefined) body.u32(rta.priority, priority);
  putMetrics(body, route);
  const via = gateways.map((ip) => ` via ${formatIP(ip)}`).join('');
  return {
    type: newrouteType,
    flags: flag.create,
    body: body.done(),
    operation: 'add route',
    object: `${formatCIDR(dst)}${via} dev ${link.name}`,
  };
}

/** A route as the kernel tells of it: its destination, the gateways of its next hops, its settings; 0 for none. */
export interface LiveRoute {
  readonly dst: string;
  readonly gateways: readonly string[];
  readonly table: number;
  readonly priority: number;
  readonly scope: number;
  readonly mtu: number;
  readonly advmss: number;
}

function* nextHopGateways(multipath: Uint8Array): Generator<Uint8Array | undefined> {
  for (let rest = multipath; rest.length >= nextHopHeader; ) {
    const length = getU16(rest, 0);
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
    const metrics = attrs.nested(rta.metrics);
    const dst = ipOfBytes(attrs.get(rta.dst)) ?? { family: of, value: 0n };
    const hops = [attrs.get(rta.gateway), ...nextHopGateways(attrs.get(rta.multipath) ?? new Uint8Array())];
    routes.push({
      dst: formatCIDR({ ip: dst, prefix: body[1] ?? 0 }),
      gateways: hops.flatMap((bytes) => {
        const ip = ipOfBytes(bytes);
        return ip === undefined ? [] : [formatIP(ip)];
      }),
      table: attrs.u32(rta.table) || (body[4] ?? 0),
      priority: attrs.u32(rta.priority),
      scope: body[6] ?? 0,
      mtu: metrics.u32(rtax.mtu),
      advmss: metrics.u32(rtax.advmss),
    });
  }
  return routes;
}
