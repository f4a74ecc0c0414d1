import { Attributes } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import { type Family, family, type IP } from '../ip.ts';
import {
  RT_TABLE_MAIN,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
  RTM_GETROUTE,
  RTN_UNICAST,
  rtmsg,
  rtnexthop,
} from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import { gatewayOf, nextHops } from './next-hop.ts';

/** One next hop of a default route. */
export interface DefaultRoute {
  /** Of the link that it leads out of. */
  readonly index: number;
  /** Undefined where it needs none. */
  readonly gateway: IP | undefined;
}

/**
 * The default routes of a family in the main table, one for each next hop.
 * @throws NetlinkError
 */
export function listDefaultRoutes(connection: Connection, of: Family): DefaultRoute[] {
  const request = {
    type: RTM_GETROUTE,
    flags: 0,
    body: new MessageBody().struct(rtmsg).set(rtmsg.rtm_family, of).done(),
    operation: 'list default routes',
    object: of === family.ipv4 ? 'of IPv4' : 'of IPv6',
  };
  return connection
    .collect(request, ({ body }) => {
      const isDefault = rtmsg.rtm_dst_len.get(body) === 0 && rtmsg.rtm_type.get(body) === RTN_UNICAST;
      if (!isDefault || rtmsg.rtm_family.get(body) !== of) return undefined;
      const attributes = new Attributes(body.subarray(rtmsg.length));
      if ((attributes.get(RTA_TABLE) || rtmsg.rtm_table.get(body)) !== RT_TABLE_MAIN) return undefined;
      const hops = [...nextHops(attributes)].map((hop) => ({
        index: rtnexthop.rtnh_ifindex.get(hop),
        gateway: gatewayOf(hop),
      }));
      const only = { index: attributes.get(RTA_OIF), gateway: attributes.get(RTA_GATEWAY) };
      return hops.length > 0 ? hops : [only];
    })
    .flat();
}
