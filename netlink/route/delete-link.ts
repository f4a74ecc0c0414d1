import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { IFLA_GROUP } from '../linux/if_link.ts';
import { ifinfomsg, RTM_DELLINK } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import { type LinkReference, linkBody, nameOf } from './link.ts';

/**
 * Deletes a link; of a veth, both ends.
 * @returns whether there was one
 * @throws NetlinkError
 */
export function removeLink(connection: Connection, link: LinkReference): boolean {
  const [reply] = connection.exchange([deleteLink(link)]);
  if (isErrno(reply?.error, 'ENODEV')) return false;
  if (reply?.error !== undefined) throw reply.error;
  return true;
}

/** Deletes a link; of a veth, both ends. It fails with ENODEV if there is none. */
export function deleteLink(link: LinkReference): NetlinkRequest {
  const body = linkBody(link).done();
  return { type: RTM_DELLINK, flags: 0, body, operation: 'delete link', object: nameOf(link) };
}

/** Deletes every link of a group at once. It fails with ENODEV if there is none. */
export function deleteGroup(group: number): NetlinkRequest {
  const body = new MessageBody().struct(ifinfomsg).put(IFLA_GROUP, group).done();
  return { type: RTM_DELLINK, flags: 0, body, operation: 'delete links of group', object: String(group) };
}
