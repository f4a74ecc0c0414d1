import { Attributes } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import type { CIDR, Family } from '../ip.ts';
import {
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_METRICS,
  RTA_OIF,
  RTA_TABLE,
  RTAX_MTU,
  RTM_GETROUTE,
  RTN_UNICAST,
  rtmsg,
  rtnexthop,
} from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import { nextHops } from './next-hop.ts';

/** A link that a route leads out of. */
export interface RouteExit {
  readonly index: number;
  /** Undefined for a default route. */
  readonly dst: CIDR | undefined;
  /** Whether the route is in the main table. */
  readonly isMain: boolean;
  /** The route's own MTU (RTAX_MTU); 0 for none. */
  readonly mtu: number;
}

/**
 * The links that a family's unicast routes lead out of, in every table, with one entry for each next hop. Routes that
 * lead nowhere (blackhole, unreachable, prohibit) have none.
 * @throws NetlinkError
 */
export function listRouteExits(connection: Connection, of: Family): RouteExit[] {
  const request = {
    type: RTM_GETROUTE,
    flags: 0,
    body: new MessageBody().struct(rtmsg).set(rtmsg.rtm_family, of).done(),
    operation: 'list routes',
    object: '',
  };
  return connection.collect(request, ({ body }) => exitsOf(body, of)).flat();
}

function exitsOf(body: Uint8Array, of: Family): RouteExit[] | undefined {
  if (rtmsg.rtm_family.get(body) !== of || rtmsg.rtm_type.get(body) !== RTN_UNICAST) return undefined;
  const attributes = new Attributes(body.subarray(rtmsg.length));
  const prefix = rtmsg.rtm_dst_len.get(body);
  const ip = attributes.get(RTA_DST) ?? { family: of, value: 0n };
  const common = {
    dst: prefix === 0 ? undefined : { ip, prefix },
    isMain: (attributes.get(RTA_TABLE) || rtmsg.rtm_table.get(body)) === RT_TABLE_MAIN,
    mtu: attributes.nested(RTA_METRICS).get(RTAX_MTU),
  };
  const hops = [...nextHops(attributes)].map((hop) => rtnexthop.rtnh_ifindex.get(hop));
  return (hops.length > 0 ? hops : [attributes.get(RTA_OIF)]).map((index) => ({ index, ...common }));
}
