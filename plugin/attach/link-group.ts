import { libc } from '#libc';
import { getU32 } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { listLinks } from '../../netlink/route/link-list.ts';

/** The bit that all our groups have; it keeps them clear of administrators' and distributions' groups, which are small. */
const ourBit = 0x40000000;

/**
 * The number of a link group that no link is in.
 * @throws NetlinkError
 */
export function unusedGroup(host: Connection): number {
  const used = new Set(listLinks(host, {}, (link) => link.group));
  for (;;) {
    const group = (getU32(libc.randomBytes(4), 0) | ourBit) & 0x7fffffff;
    if (!used.has(group)) return group;
  }
}
