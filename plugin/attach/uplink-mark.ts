import { iff, type Link } from '../../netlink/route/link.ts';

/**
 * What the alias of an uplink begins with that an ADD has put into a bridge, so that it is taken out again and one that
 * a person put there stays. It says whether the link was up, and is followed by the alias that the link had.
 */
const marks = { up: 'cni-bridge: uplink, was up', down: 'cni-bridge: uplink, was down' } as const;
const separator = '; ';

/** The most that an alias may have for the mark to fit beside it, in bytes (IFALIASZ). */
export const longestAliasBefore = 255 - marks.down.length - separator.length;

/** The alias of an uplink that is about to be put into a bridge. */
export function marked({ alias, flags }: Pick<Link, 'alias' | 'flags'>): string {
  const mark = (flags & iff.up) === 0 ? marks.down : marks.up;
  return alias === '' ? mark : `${mark}${separator}${alias}`;
}

function markOf(alias: string): string | undefined {
  return [marks.down, marks.up].find((mark) => alias === mark || alias.startsWith(mark + separator));
}

/** Whether an ADD has put this link into a bridge. */
export function isMarked({ alias }: Pick<Link, 'alias'>): boolean {
  return markOf(alias) !== undefined;
}

/** What a marked link was before it was put into a bridge. */
export function before({ alias }: Pick<Link, 'alias'>): { alias: string; up: boolean } {
  const mark = markOf(alias) ?? '';
  return { alias: alias.slice(mark.length + separator.length), up: mark !== marks.down };
}
