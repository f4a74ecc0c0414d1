import { libc } from '#libc';
import { getU32 } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { deleteGroup } from '../../netlink/route/delete-link.ts';
import { isThere, type Link, setLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';

/** The highest of the four bytes of all our groups. Administrators' and distributions' groups are small. */
const ourByte = 0x63;

/**
 * The link group of a bridge that no ADD has succeeded on yet: the last failing ADD deletes it, whichever made it. The
 * kernel sets the group when it creates the link.
 */
export const provisionalGroup = 0x636e6962;

/**
 * The number of a link group that no link is in.
 * @throws NetlinkError
 */
export function unusedGroup(host: Connection): number {
  const used = new Set(listLinks(host, {}, (link) => link.group));
  for (;;) {
    const group = (getU32(libc.randomBytes(4), 0) & 0xffffff) | (ourByte << 24);
    if (group !== provisionalGroup && !used.has(group)) return group;
  }
}

/** Whether {@link removeUnused} is about to delete a link with this group, or was when it was killed. */
export function isBeingRemoved({ group }: Pick<Link, 'group'>): boolean {
  return group >>> 24 === ourByte && group !== provisionalGroup;
}

/** How often a removal starts over when another removal of the same link interferes. */
const removalAttempts = 20;

/**
 * Deletes an unused link, unless somebody starts to use it meanwhile. The link is put in a group of its own, its use is
 * checked one last time, and the group is deleted. Whoever starts to use the link reads it afterwards and takes it out
 * of the group ({@link keep}). So whoever comes second sees the other, without a lock.
 * @param group the link's group if it stays
 * @throws NetlinkError
 */
export function removeUnused(
  host: Connection,
  link: Pick<Link, 'name' | 'index'>,
  group: number,
  isUsed: () => boolean,
): void {
  for (let attempt = 1; attempt <= removalAttempts; attempt++) {
    if (!isThere(host, link) || isUsed()) return;
    const own = unusedGroup(host);
    if (!setGroup(host, link, own)) return;
    if (isUsed()) {
      setGroup(host, link, group);
      return;
    }
    const [reply] = host.exchange([deleteGroup(own)]);
    if (reply?.error === undefined) return;
    // Another removal or a new user has moved it to another group.
    if (!isErrno(reply.error, 'ENODEV')) throw reply.error;
  }
}

/**
 * Keeps a link that this ADD uses from being deleted as unused.
 * @param link as read after this ADD began to use it
 * @param group the group that it gets
 * @returns false if it is gone
 * @throws NetlinkError
 */
export function keep(host: Connection, link: Link, group: number): boolean {
  return !isBeingRemoved(link) || setGroup(host, link, group);
}

/** @returns false if the link is gone */
function setGroup(host: Connection, link: Pick<Link, 'name' | 'index'>, group: number): boolean {
  const [reply] = host.exchange([setLink(link, { group })]);
  if (reply?.error === undefined) return true;
  if (isErrno(reply.error, 'ENODEV')) return false;
  throw reply.error;
}
