import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { NDA_LLADDR, NDA_MASTER, NTF_MASTER, NUD_NOARP, ndmsg } from '../linux/neighbour.ts';
import { NLM_F_CREATE } from '../linux/netlink.ts';
import { AF_BRIDGE, RTM_GETNEIGH, RTM_NEWNEIGH } from '../linux/rtnetlink.ts';
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
 * Makes a bridge forward frames for a MAC address to one of its ports, in each of the port's VLANs, for as long as it is
 * a port.
 */
export function newFdbEntry({ index, name }: Pick<Link, 'index' | 'name'>, mac: string): NetlinkRequest {
  return {
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE,
    body: new MessageBody()
      .struct(ndmsg)
      .set(ndmsg.ndm_family, AF_BRIDGE)
      .set(ndmsg.ndm_ifindex, index)
      .set(ndmsg.ndm_state, NUD_NOARP)
      .set(ndmsg.ndm_flags, NTF_MASTER)
      .put(NDA_LLADDR, mac)
      .done(),
    operation: `add forwarding entry of ${mac} to port`,
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
