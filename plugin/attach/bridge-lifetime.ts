import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { getLink, type Link, removeLink, setLink } from '../../netlink/route/link.ts';
import { listPorts } from '../../netlink/route/link-list.ts';
import type { Addition } from './addition.ts';
import { servesOthers } from './other-attachments.ts';

/** The bridge was deleted while an ADD was at work on it; the ADD may make it again. */
export class BridgeGone extends CniError {
  constructor(name: string) {
    super(errorCode.tryAgain, `bridge ${name} was deleted while it was set up`);
  }
}

/**
 * Link group of a bridge that no ADD has succeeded on yet; the last ADD to fail deletes it, whichever made it. The
 * kernel sets the group as it makes the link. The number is large to stay clear of administrators' groups.
 */
export const provisionalGroup = 0x636e6962;

/** Deletes a bridge that is provisional still, unless another ADD has a port on it. */
export function removeProvisional(host: Connection, { name, index }: Link): void {
  const link = getLink(host, name);
  if (link?.index !== index || link.group !== provisionalGroup || listPorts(host, link).length > 0) return;
  removeLink(host, link);
}

/** Makes the bridge permanent, now that this ADD has done all but print its result. */
export function makePermanent({ attachment, sides: { host }, undo }: Addition, bridge: Link): void {
  if (bridge.group !== provisionalGroup) return;
  undo.attempt(
    `link group of bridge ${bridge.name}`,
    () => host.execute(setLink(bridge, { group: 0 })),
    () => {
      if (!servesOthers(host, bridge, attachment)) host.execute(setLink(bridge, { group: provisionalGroup }));
    },
  );
}
