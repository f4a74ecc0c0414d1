import { getU32 } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { MessageBody } from '../message-body.ts';
import { type Link, parseMac } from './link.ts';

/** RTM_GETNEIGH, linux/rtnetlink.h */
const getNeighbourType = 30;
const AF_BRIDGE = 7;
/** NDA_*, linux/neighbour.h */
const nda = { lladdr: 2, master: 9 } as const;

/** Asks for the entry of a bridge's forwarding database for a MAC address. */
export function getFdbEntry({ index, name }: Pick<Link, 'index' | 'name'>, mac: string): NetlinkRequest {
  // struct ndmsg, linux/neighbour.h, has the family first.
  const body = new MessageBody(AF_BRIDGE, 0, 0).bytes(nda.lladdr, parseMac(mac)).u32(nda.master, index);
  return {
    type: getNeighbourType,
    flags: 0,
    body: body.done(),
    operation: `get forwarding entry of ${mac} in`,
    object: name,
  };
}

/**
 * The index of the port that a bridge forwards to for a MAC address; a port's own address counts as well.
 * @returns undefined where there is none
 * @throws NetlinkError EOPNOTSUPP before Linux 5.0, which only tells of all entries
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
  return body === undefined ? undefined : getU32(body, 4);
}
