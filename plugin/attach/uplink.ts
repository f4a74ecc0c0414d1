import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { getPort } from '../../netlink/route/bridge-port.ts';
import { addVlans, deleteVlans, listVlans, type PortVlans } from '../../netlink/route/bridge-vlan.ts';
import { getLink, type Link, setLink } from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { invalidConfig } from '../config/schema-check.ts';
import type { Addition } from './addition.ts';
import { BridgeGone } from './bridge-lifetime.ts';
import { findUplink } from './find-uplink.ts';
import { servesOthers } from './other-attachments.ts';
import { before, isMarked, marked } from './uplink-mark.ts';
import { uplinkUsers } from './uplink-users.ts';
import { includesVlan, missingVlans, uplinkVlans, vlansWithout } from './uplink-vlans.ts';
import { hostEnd, type VethPair } from './veth.ts';

/**
 * Looks at the uplink before anything is touched.
 * @returns the ADD, whose MTU is the uplink's unless the configuration has one
 * @throws CniError code 7 if there is no such uplink, or none that may become a port; NetlinkError
 */
export function withUplink(addition: Addition, name: string): Addition {
  const { config, sides } = addition;
  // What "mtu": "auto" has found so far may be more than the uplink's.
  const { mtu: most } = findUplink(sides.host, config.autoMtu ? { ...config, mtu: undefined } : config, name);
  const { mtu = most } = config;
  return { ...addition, config: { ...config, mtu: Math.min(mtu, most) } };
}

/** An uplink, its bridge, and the port of the ADD at work. */
interface Junction {
  readonly uplink: Link;
  readonly bridge: Link;
  /** Index of the host veth. */
  readonly own: number;
}

/**
 * Makes the uplink a port of the bridge, with the network's VLANs, unless it is one. Called when the container's port is
 * there: a DEL that takes the uplink out looks for ports once more afterwards, so whoever comes second sees the other.
 * @returns the bridge now that it has the uplink, from which it may have taken its MAC address
 * @throws CniError code 7 if the kernel refuses it as a port; BridgeGone, NetlinkError
 */
export function ensureUplink(addition: Addition, bridge: Link, veth: VethPair): Link {
  const { config, sides } = addition;
  const { host } = sides;
  const { uplink: name = '' } = config;
  const uplink = findUplink(host, config, name);
  const isThere = uplink.master === bridge.index;
  // A person's port is left as it is.
  if (isThere && !isMarked(uplink)) return bridge;
  const now = getLink(host, bridge.name);
  if (now?.index !== bridge.index) throw new BridgeGone(bridge.name);
  const { index: own } = hostEnd(host, veth.host);
  const junction = { uplink, bridge: now, own };
  if (!isThere) join(addition, junction);
  joinVlans(addition, junction, isThere);
  if (config.groupFwdMask !== 0) forwardGroups(addition, junction);
  const after = getLink(host, bridge.name);
  if (after?.index !== bridge.index) throw new BridgeGone(bridge.name);
  return after;
}

/** The requests that put an uplink into a bridge. Marked first, so that what is in the bridge can be taken out. */
function joining(uplink: Link, bridge: Link) {
  // A bridge that was deleted has let go of it, but its mark still tells what it was.
  const alias = isMarked(uplink) ? uplink.alias : marked(uplink);
  return [setLink(uplink, { alias }), setLink(uplink, { master: bridge.index, up: true })];
}

function join({ sides: { host }, undo }: Addition, { uplink, bridge, own }: Junction): void {
  try {
    undo.create(host, `uplink ${uplink.name}`, joining(uplink, bridge), () => {
      takeOut(host, uplink.name, bridge, own);
    });
  } catch (error) {
    if (!isErrno(error, 'EINVAL', 'ELOOP', 'EOPNOTSUPP', 'EBUSY')) throw error;
    throw invalidConfig(
      `uplink: "${uplink.name}" cannot be a port of a bridge, the kernel says: ${error.message}`,
    );
  }
}

function joinVlans({ config, sides: { host }, undo }: Addition, junction: Junction, wasThere: boolean): void {
  const { uplink, bridge } = junction;
  const wanted = uplinkVlans(config, bridge);
  if (wanted.length === 0) return;
  if (!wasThere) {
    // It leaves the bridge with all of its VLANs.
    host.execute(...replacingDefault(uplink, bridge, wanted));
    return;
  }
  const missing = missingVlans(wanted, listVlans(host, uplink));
  if (missing.length === 0) return;
  undo.attempt(
    `VLANs of uplink ${uplink.name}`,
    () => host.execute(addVlans(uplink, missing)),
    () => dropVlans(host, junction, missing),
  );
}

/** The requests that give a new port these VLANs in place of the default one, in which the kernel has put it. */
function replacingDefault(uplink: Link, { defaultVlan: vid }: Link, vlans: readonly PortVlans[]) {
  const byDefault = { first: vid, last: vid, pvid: false, untagged: false };
  return [
    ...(vid === 0 || includesVlan(vlans, vid) ? [] : [deleteVlans(uplink, [byDefault])]),
    addVlans(uplink, vlans),
  ];
}

/** Has the bridge forward the same groups from the uplink as from the container. */
function forwardGroups({ attachment, config, sides: { host }, undo }: Addition, junction: Junction): void {
  const { uplink, bridge } = junction;
  const { groupFwdMask: found = 0 } = getPort(host, uplink) ?? {};
  const groupFwdMask = found | config.groupFwdMask;
  if (groupFwdMask === found) return;
  undo.attempt(
    `groupFwdMask of uplink ${uplink.name}`,
    () => host.execute(setLink(uplink, { port: { groupFwdMask } })),
    () => {
      if (servesOthers(host, bridge, attachment)) return;
      host.execute(setLink(uplink, { port: { groupFwdMask: found } }));
    },
  );
}

/**
 * Takes the uplink out of the bridge if an ADD put it in and no other port is left, or else the network's VLANs from it
 * that no other port is in.
 * @throws NetlinkError
 */
export function releaseUplink(host: Connection, config: BridgeConfig, name: string): void {
  const bridge = getLink(host, config.bridge);
  const uplink = takeOut(host, name, bridge, 0);
  if (uplink === undefined || bridge === undefined) return;
  dropVlans(host, { uplink, bridge, own: 0 }, uplinkVlans(config, bridge));
}

/** @returns the uplink, if it stays for other ports */
function takeOut(host: Connection, name: string, bridge: Link | undefined, own: number): Link | undefined {
  const uplink = getLink(host, name);
  if (uplink === undefined || !isMarked(uplink)) return undefined;
  const { alias, up: wasUp } = before(uplink);
  const up = wasUp ? undefined : false;
  if (uplink.master !== bridge?.index || bridge === undefined) {
    // The bridge is gone, or a person has put it elsewhere since.
    host.execute(setLink(uplink, { alias, up: uplink.master === 0 ? up : undefined }));
    return undefined;
  }
  const isUsed = (): boolean => uplinkUsers(host, bridge, [uplink.index, own]).length > 0;
  if (isUsed()) return uplink;
  const [vlans, port] = [listVlans(host, uplink), getPort(host, uplink)];
  host.execute(setLink(uplink, { alias, master: 0, up }));
  if (!isUsed()) return undefined;
  // An ADD that found it in the bridge relies on it.
  const again = vlans.length === 0 ? [] : replacingDefault(uplink, bridge, vlans);
  host.execute(...joining(uplink, bridge), setLink(uplink, { port }), ...again);
  return uplink;
}

/** Takes those of these VLANs from the uplink that no other port is in. */
function dropVlans(host: Connection, { uplink, bridge, own }: Junction, vlans: readonly PortVlans[]): void {
  const unused = (of: readonly PortVlans[]): PortVlans[] =>
    vlansWithout(host, of, uplinkUsers(host, bridge, [uplink.index, own]));
  const dropped = unused(vlans);
  if (dropped.length === 0) return;
  host.execute(deleteVlans(uplink, dropped));
  // An ADD that found one of them there relies on it.
  const again = missingVlans(dropped, unused(dropped));
  if (again.length > 0) host.execute(addVlans(uplink, again));
}
