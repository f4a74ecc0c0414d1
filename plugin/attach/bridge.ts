import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { getLink, iff, type Link, type LinkSettings, newBridge, setLink } from '../../netlink/route/link.ts';
import { listPorts } from '../../netlink/route/link-list.ts';
import { randomMac } from '../config/mac.ts';
import type { Addition } from './addition.ts';
import { BridgeGone, isRemovable, keepBridge, removeProvisional } from './bridge-lifetime.ts';
import { isPortMac } from './host-veth.ts';
import { isBeingRemoved, provisionalGroup } from './link-group.ts';
import { ensureVlanFiltering, filtersVlans, noVlanFiltering } from './port-vlans.ts';
import { refuseOtherTree, treeSettings } from './spanning-tree.ts';
import { changeSysctl } from './sysctl.ts';
import { hasVlanGateway } from './vlan-gateway.ts';
import { findVrf, refuseOtherVrf } from './vrf.ts';

/**
 * Returns the bridge, created if it is missing: up, and promiscuous or filtering VLANs if the configuration says so. A
 * new bridge gets its MAC address when it is created, so that it keeps it while ports come and go.
 * @throws CniError code 7 if the name belongs to a link of another kind, 50 if the kernel has no VLANs;
 * BridgeGone, NetlinkError
 */
export function ensureBridge(addition: Addition): Link {
  const { config, sides, undo } = addition;
  const { host } = sides;
  const vrf = config.vrf === undefined || hasVlanGateway(config) ? undefined : findVrf(host, config.vrf);
  const bridge = findBridge(host, config.bridge) ?? createBridge(addition, vrf);
  if (vrf !== undefined) refuseOtherVrf(host, bridge, vrf);
  if (config.stp) refuseOtherTree(config, bridge);
  if (bridge.group === provisionalGroup || isBeingRemoved(bridge)) {
    undo.register(`bridge ${bridge.name}`, () => removeProvisional(host, bridge));
  }
  try {
    if (filtersVlans(config)) ensureVlanFiltering(host, bridge, undo);
    if (lackedFlags(bridge, config.promiscMode) !== undefined) ensureFlags(addition, bridge);
  } catch (error) {
    throw isErrno(error, 'ENODEV') ? new BridgeGone(bridge.name) : error;
  }
  // Router advertisements must not give the host routes through this link.
  changeSysctl(`net/ipv6/conf/${bridge.name}/accept_ra`, '0', undo);
  return bridge;
}

/**
 * Returns the bridge now that this ADD has a port on it. It is read again only if the port may have changed its MAC
 * address (a bridge without an address of its own takes the lowest of its ports'), or if another command may be about
 * to delete it.
 * @param portMac the port's MAC address
 * @throws BridgeGone, NetlinkError
 */
export function bridgeWithPort({ sides: { host } }: Addition, bridge: Link, portMac: string): Link {
  if (!bridge.takesPortMac && portMac > bridge.mac && !isRemovable(bridge)) return bridge;
  return keepBridge(host, readAgain(host, bridge));
}

/**
 * Returns the bridge now that it has an IP address, and so keeps its MAC address. Until then the ports of other ADDs
 * may have changed a MAC address that it took from a port.
 * @throws BridgeGone, NetlinkError
 */
export function bridgeWithAddress({ sides: { host } }: Addition, bridge: Link): Link {
  if (!isPortMac(bridge.mac)) return bridge;
  return { ...bridge, mac: readAgain(host, bridge).mac };
}

function readAgain(host: Connection, { name, index }: Link): Link {
  const now = getLink(host, name);
  if (now?.index !== index) throw new BridgeGone(name);
  return now;
}

/**
 * The bridge of that name; undefined if there is none.
 * @throws CniError code 7 if the name belongs to a link of another kind
 */
export function findBridge(host: Connection, name: string): Link | undefined {
  const link = getLink(host, name);
  if (link === undefined || link.kind === 'bridge') return link;
  const kind = link.kind === '' ? 'a link of another kind' : `a ${link.kind}`;
  throw new CniError(
    errorCode.invalidConfig,
    'invalid configuration',
    `bridge: "${name}" already exists but is not a bridge: it is ${kind}`,
  );
}

/** The flags to set on a bridge; undefined if it has them all. */
function lackedFlags(
  { flags }: Link,
  promiscMode: boolean,
): Pick<LinkSettings, 'up' | 'promisc'> | undefined {
  const up = (flags & iff.up) === 0 || undefined;
  const promisc = (promiscMode && (flags & iff.promisc) === 0) || undefined;
  return up || promisc ? { up, promisc } : undefined;
}

function ensureFlags({ config: { promiscMode }, sides: { host }, undo }: Addition, bridge: Link): void {
  const { name } = bridge;
  // Listed before the flags are read again: another ADD sets them before it creates its port, so a port that exists now
  // does not rely on what is done here.
  const before = new Set(listPorts(host, bridge));
  const now = findBridge(host, name);
  if (now === undefined) throw new BridgeGone(name);
  const lacked = lackedFlags(now, promiscMode);
  if (lacked === undefined) return;
  undo.attempt(
    `flags of bridge ${name}`,
    () => host.execute(setLink(now, lacked)),
    () => {
      // A container connected since then relies on them.
      if (listPorts(host, now).some((port) => !before.has(port))) return;
      host.execute(setLink(now, { up: lacked.up && false, promisc: lacked.promisc && false }));
    },
  );
}

function createBridge({ config, sides: { host }, undo }: Addition, vrf: Link | undefined): Link {
  const { bridge: name, mtu, promiscMode } = config;
  const mac = randomMac();
  const vlanFiltering = filtersVlans(config) || undefined;
  const flags = { up: true, promisc: promiscMode };
  const settings = {
    mac,
    mtu,
    master: vrf?.index,
    ...flags,
    group: provisionalGroup,
    vlanFiltering,
    ...treeSettings(config),
  };
  try {
    undo.attempt(
      `bridge ${name}`,
      () => host.execute(newBridge(name, settings)),
      () => {
        // The MAC address shows that it is the one made here.
        const link = getLink(host, name);
        if (link?.mac === mac) removeProvisional(host, link);
      },
    );
  } catch (error) {
    // If there is an extended acknowledgement, the kernel has no bridges at all.
    if (vlanFiltering && isErrno(error, 'EOPNOTSUPP') && error.extack === '') throw noVlanFiltering(name);
    // Another ADD made it meanwhile.
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  const link = findBridge(host, name);
  if (link === undefined) throw new BridgeGone(name);
  return link;
}
