import type { Connection } from '../../netlink/connection.ts';
import type { Link } from '../../netlink/route/link.ts';
import { listLinks, listPorts } from '../../netlink/route/link-list.ts';
import { isVlanGateway } from './vlan-gateway.ts';

/**
 * The ports of a bridge that may use its uplink: all but the uplink itself, those of VLANs' gateways that ADDs made,
 * which go with their last user, and the ones left out.
 * @throws NetlinkError
 */
export function uplinkUsers(
  host: Connection,
  bridge: Pick<Link, 'index'>,
  without: readonly number[],
): number[] {
  const ports = listPorts(host, bridge);
  const gateways = listLinks(host, { kind: 'veth' }, (link) => (isVlanGateway(link) ? link.peer : undefined));
  return ports.filter((port) => !without.includes(port) && !gateways.includes(port));
}
