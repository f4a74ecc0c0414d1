import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { NDA_LLADDR, NDA_MASTER, ndmsg } from '../linux/neighbour.ts';
import { AF_BRIDGE, RTM_GETNEIGH } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';

/** Asks for a MAC address's entry in a bridge's forwarding database. */
export function getFdbEntry({ index, name }: Pick<Link, 'index' | 'name'>, mac: string): NetlinkRequest {
  return {
    type: RTM_GETNEIGH,
    flags: 0,
    body: new MessageBody()
      .struct(ndmsg)
      .set(ndmsg.ndm_family, AF_BRIDGE)
      .put(NDA_LLADDR, mac)
      .put(NDA_MASTER, index)
      .done(),
    operation: `get forwarding entry of ${mac} in`,
    object: name,
  };
}

/**
 * The index of the port to which a bridge forwards frames for a MAC address; a port's own address counts too.
 * @returns undefined if there is none
 * @throws NetlinkError EOPNOTSUPP before Linux 5.0, which can only dump all entries
 */
export function findPortOf(
  connection: Connection,
  bridge: Pick<Link, 'index' | 'name'>,
  mac: string,
): number | undefined {
  const [reply] = connection.exchange([getFdbEntry(bridge, mac)]);
  if (isErrno(reply?.error, 'ENOENT')) return undefined;
  if (reply?.error !== undefined) throw reply.error;
  const body = reply?.messages[0]?.body;
  return body === undefined ? undefined : ndmsg.ndm_ifindex.get(body);
}
