import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { getLink, type Link, setLink } from '../../netlink/route/link.ts';
import { listPorts } from '../../netlink/route/link-list.ts';
import type { Addition } from './addition.ts';
import { isBeingRemoved, keep, provisionalGroup, removeUnused } from './link-group.ts';
import { servesOthers } from './other-attachments.ts';

/** The bridge was deleted during an ADD, which may create it again. */
export class BridgeGone extends CniError {
  constructor(name: string) {
    super(errorCode.tryAgain, `bridge ${name} was deleted while it was being set up`);
  }
}

/** Alias of a bridge that was made with removeUnused and is deleted with its last port. */
const removableAlias = 'cni-bridge: removed when unused';

/**
 * Whether another command may delete the bridge while it has no port, so that it must be read again once it has one.
 */
export function isRemovable(bridge: Link): boolean {
  return bridge.group === provisionalGroup || bridge.alias === removableAlias || isBeingRemoved(bridge);
}

/**
 * Keeps the bridge from being deleted as unused.
 * @param bridge as read after this ADD's port joined it
 * @throws BridgeGone, NetlinkError
 */
export function keepBridge(host: Connection, bridge: Link): Link {
  const group = bridge.alias === removableAlias ? 0 : provisionalGroup;
  if (!keep(host, bridge, group)) throw new BridgeGone(bridge.name);
  return isBeingRemoved(bridge) ? { ...bridge, group } : bridge;
}

/** Deletes a bridge that no ADD has succeeded on, unless another ADD has a port on it. */
export function removeProvisional(host: Connection, { name, index }: Link): void {
  const link = getLink(host, name);
  if (link?.index !== index || (link.group !== provisionalGroup && !isBeingRemoved(link))) return;
  removeUnused(host, link, provisionalGroup, () => listPorts(host, link).length > 0);
}

/** Makes the bridge permanent. This ADD has done everything but print its result. */
export function makePermanent({ attachment, config, sides, undo }: Addition, bridge: Link): void {
  if (bridge.group !== provisionalGroup) return;
  const { host } = sides;
  const alias = config.removeUnused ? removableAlias : undefined;
  undo.attempt(
    `link group of bridge ${bridge.name}`,
    () => host.execute(setLink(bridge, { group: 0, alias })),
    () => {
      if (!servesOthers(host, bridge, attachment)) host.execute(setLink(bridge, { group: provisionalGroup }));
    },
  );
}

/**
 * Deletes a bridge that was made with removeUnused, if it has no port.
 * @throws NetlinkError
 */
export function removeUnusedBridge(host: Connection, name: string): void {
  const bridge = getLink(host, name);
  if (bridge?.kind !== 'bridge' || bridge.alias !== removableAlias) return;
  removeUnused(host, bridge, 0, () => listPorts(host, bridge).length > 0);
}
