import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import {
  getLink,
  isThere,
  type Link,
  newVeth,
  type PortSettings,
  setLink,
} from '../../netlink/route/link.ts';
import { hasLink, setSysctl } from '../../netlink/sysctl.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Addition } from './addition.ts';
import { BridgeGone } from './bridge-lifetime.ts';
import { randomPortMac, vethNames } from './host-veth.ts';
import { ownerLabel, vethAlias } from './owner.ts';
import { filtersVlans, setPortVlans } from './port-vlans.ts';

/** Both ends of a pair. */
export interface VethPair {
  /** The host's end, which is up and a port of the bridge. */
  readonly host: Pick<Link, 'index' | 'name' | 'mac'>;
  /** The container's end, which is still down. */
  readonly container: Link;
}

/**
 * Creates the veth pair: one end a port of the bridge, the other in the container's namespace.
 * @throws CniError code 4 if the container has an interface of that name, 11 if the bridge is full; BridgeGone,
 * NetlinkError
 */
export function connectContainer(addition: Addition, bridge: Link): VethPair {
  const names = vethNames(ownerLabel(addition.attachment));
  for (const name of names) {
    // Taken by another attachment by chance, or left by an earlier ADD of this one. Checked first, since the messages
    // in the same datagram as the pair's creation would change the link that already has the name.
    if (hasLink(name)) continue;
    try {
      return createPair(addition, bridge, name);
    } catch (error) {
      if (isErrno(error, 'EXFULL')) throw full(bridge);
      if (isErrno(error, 'EINVAL', 'ENODEV') && !isThere(addition.sides.host, bridge))
        throw new BridgeGone(bridge.name);
      if (!isErrno(error, 'EEXIST')) throw error;
      refuseTaken(addition);
    }
  }
  throw new CniError(errorCode.internal, 'no free name for the host veth', `${names.join(', ')} are taken`);
}

/** @throws CniError code 4 if the container has an interface of that name */
function refuseTaken({ attachment: { ifname }, sides: { container } }: Addition): void {
  if (getLink(container, ifname) === undefined) return;
  throw new CniError(
    errorCode.invalidEnvironment,
    `container veth name provided (${ifname}) already exists`,
    'CNI_IFNAME: the container already has an interface of that name',
  );
}

function createPair(addition: Addition, bridge: Link, name: string): VethPair {
  const { attachment, config, sides, undo } = addition;
  const { host, container, containerNamespace } = sides;
  const { ifname } = attachment;
  const port = portSettings(config);
  // The MAC address shows that it is the one made here: another ADD for this attachment uses the same name.
  const mac = randomPortMac();
  const near = { mac, mtu: config.mtu, master: bridge.index, up: true };
  const peer = {
    name: ifname,
    namespaceFd: containerNamespace.fd,
    settings: { mac: config.mac, mtu: config.mtu },
  };
  const requests = [
    newVeth(name, near, peer),
    setLink(name, { alias: vethAlias(ownerLabel(attachment), addition.pod) }),
    ...(port === undefined ? [] : [setLink(name, { port })]),
  ];
  undo.create(host, `veth pair ${name}`, requests, () => {
    const link = getLink(host, name);
    if (link?.mac === mac) removeLink(host, link);
  });
  setSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  // The container's end is still down, so no frame goes through the bridge's default VLAN.
  if (filtersVlans(config)) host.execute(...setPortVlans(bridge, endOf(host, name), config));
  const far = endOf(container, ifname, name);
  return { host: { index: far.peer, name, mac }, container: far };
}

/** The settings that a new port doesn't have anyway; undefined if there are none. */
function portSettings({ hairpinMode, portIsolation }: BridgeConfig): PortSettings | undefined {
  const settings = { hairpin: hairpinMode || undefined, isolated: portIsolation || undefined };
  return Object.values(settings).some((setting) => setting !== undefined) ? settings : undefined;
}

/** Deletes a pair that this ADD made. */
export function removePair({ sides: { host } }: Addition, pair: VethPair): void {
  removeLink(host, pair.host);
}

/**
 * Reads one end of a veth pair.
 * @param pair the pair's name in errors: that of the host's end
 * @throws CniError code 11 if it is gone; NetlinkError
 */
export function endOf(connection: Connection, name: string, pair = name): Link {
  const link = getLink(connection, name);
  if (link !== undefined) return link;
  throw new CniError(errorCode.tryAgain, `veth pair ${pair} was deleted while it was being set up`);
}

/** The kernel numbers a bridge's ports in ten bits, from 1 (BR_MAX_PORTS, net/bridge/br_private.h). */
function full({ name }: Link): CniError {
  return new CniError(
    errorCode.tryAgain,
    `bridge ${name} is full`,
    'EXFULL: it has 1023 ports, the most that the kernel allows on a bridge',
  );
}
