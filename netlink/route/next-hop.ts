import { Attributes, align, attributeHeader } from '../attribute.ts';
import { ProtocolError } from '../error.ts';
import { type IP, width } from '../ip.ts';
import { RTA_GATEWAY, RTA_MULTIPATH, RTA_OIF, rtnexthop } from '../linux/rtnetlink.ts';
import type { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';

/** Where a route leads: out of a link, through one gateway, several of the same weight, or none. */
export function putNextHops(
  body: MessageBody,
  { index }: Pick<Link, 'index'>,
  gateways: readonly IP[],
): void {
  const [first, ...more] = gateways;
  if (more.length === 0) {
    body.put(RTA_OIF, index).put(RTA_GATEWAY, first);
    return;
  }
  body.nested(RTA_MULTIPATH, () => {
    for (const gateway of gateways) {
      const length = rtnexthop.length + attributeHeader + width(gateway.family) / 8;
      body
        .struct(rtnexthop)
        .set(rtnexthop.rtnh_len, length)
        .set(rtnexthop.rtnh_ifindex, index)
        .put(RTA_GATEWAY, gateway);
    }
  });
}

/**
 * Iterates over the next hops of a multipath route: each a struct rtnexthop and its attributes, a view of the message.
 * @param route the attributes of its message
 * @throws ProtocolError if one claims more bytes than there are
 */
export function* nextHops(route: Attributes): Generator<Uint8Array> {
  for (let rest = route.payload(RTA_MULTIPATH); rest.length >= rtnexthop.length; ) {
    const length = rtnexthop.rtnh_len.get(rest);
    if (length < rtnexthop.length || length > rest.length) {
      throw new ProtocolError(`next hop of ${length} bytes where ${rest.length} are left`);
    }
    yield rest.subarray(0, length);
    rest = rest.subarray(align(length));
  }
}

/** The gateway of one of {@link nextHops}; undefined if it has none. */
export function gatewayOf(hop: Uint8Array): IP | undefined {
  return new Attributes(hop.subarray(rtnexthop.length)).get(RTA_GATEWAY);
}
