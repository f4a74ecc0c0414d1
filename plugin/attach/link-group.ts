import { libc } from '#libc';
import { getU32 } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { deleteGroup } from '../../netlink/route/delete-link.ts';
import { getLink, type Link, setLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';

/** The highest of the four bytes of all our groups. Administrators' and distributions' groups are small. */
const ourByte = 0x63;

/**
 * Link group of a bridge that no ADD has succeeded on yet; the last ADD to fail deletes it, whichever made it. The
 * kernel sets the group as it makes the link.
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

/** Whether a link with this group is about to be deleted by {@link removeUnused}, or was by one that was killed. */
export function isBeingRemoved({ group }: Pick<Link, 'group'>): boolean {
  return group >>> 24 === ourByte && group !== provisionalGroup;
}

/** How often a removal begins again when another one of the same link comes between. */
const removalAttempts = 20;

/**
 * Deletes a link that is not used, unless somebody begins to use it meanwhile. It is put in a group of its own before
 * its use is looked at for the last time, and the group is deleted. Who begins to use the link looks at it afterwards,
 * and takes it out of the group ({@link keep}). So whoever comes second sees the other, without a lock.
 * @param group the link's group if it stays
 * @throws NetlinkError
 */
export function removeUnused(
  host: Connection,
  { name, index }: Pick<Link, 'name' | 'index'>,
  group: number,
  isUsed: () => boolean,
): void {
  for (let attempt = 1; attempt <= removalAttempts; attempt++) {
    if (getLink(host, name)?.index !== index || isUsed()) return;
    const own = unusedGroup(host);
    if (!setGroup(host, { name, index }, own)) return;
    if (isUsed()) {
      setGroup(host, { name, index }, group);
      return;
    }
    const [reply] = host.exchange([deleteGroup(own)]);
    if (reply?.error === undefined) return;
    // Another removal or a user has put it in another group.
    if (!isErrno(reply.error, 'ENODEV')) throw reply.error;
  }
}

/**
 * Keeps a link that this ADD uses from being deleted as unused.
 * @param link as it is since this ADD uses it
 * @param group the group that it then has
 * @returns false where it is gone
 * @throws NetlinkError
 */
export function keep(host: Connection, link: Link, group: number): boolean {
  return !isBeingRemoved(link) || setGroup(host, link, group);
}

/** @returns false where the link is gone */
function setGroup(host: Connection, link: Pick<Link, 'name' | 'index'>, group: number): boolean {
  const [reply] = host.exchange([setLink(link, { group })]);
  if (reply?.error === undefined) return true;
  if (isErrno(reply.error, 'ENODEV')) return false;
  throw reply.error;
}
