import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { getLink, type Link, newVeth, setLink } from '../../netlink/route/link.ts';
import { hasLink, setSysctl } from '../../netlink/sysctl.ts';
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
 * Makes the veth pair: one end a port of the bridge, the other in the container's namespace.
 * @throws CniError code 4 where the container has an interface of that name, 11 where the bridge is full; BridgeGone,
 * NetlinkError
 */
export function connectContainer(addition: Addition, bridge: Link): VethPair {
  const names = vethNames(ownerLabel(addition.attachment));
  for (const name of names) {
    // Another attachment's by chance, or left by an earlier ADD of this one. Asked first, since the messages that come
    // in one datagram with the creation of a pair would change the link that has the name already.
    if (hasLink(name)) continue;
    try {
      return createPair(addition, bridge, name);
    } catch (error) {
      if (isErrno(error, 'EXFULL')) throw full(bridge);
      if (isErrno(error, 'EINVAL', 'ENODEV') && isGone(addition, bridge)) throw new BridgeGone(bridge.name);
      if (!isErrno(error, 'EEXIST')) throw error;
      refuseTaken(addition);
    }
  }
  throw new CniError(
    errorCode.internal,
    'no name is free for the host veth',
    `${names.join(', ')} are taken`,
  );
}

function isGone({ sides: { host } }: Addition, { name, index }: Link): boolean {
  return getLink(host, name)?.index !== index;
}

/** @throws CniError code 4 where the container has an interface of that name */
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
  const port = { hairpin: config.hairpinMode || undefined, isolated: config.portIsolation || undefined };
  // The MAC address tells that it is the one made here: another ADD of the attachment, or a later one, takes the same
  // name.
  const mac = randomPortMac();
  const near = { mac, mtu: config.mtu, master: bridge.index, up: true };
  const peer = {
    name: ifname,
    namespaceFd: containerNamespace.fd,
    settings: { mac: config.mac, mtu: config.mtu },
  };
  const [, ...more] = undo.attempt(
    `veth pair ${name}`,
    () => {
      const replies = host.exchange([
        newVeth(name, near, peer),
        // In the same datagram, which the kernel works through without a pause: there is no moment at which a process
        // can die and leave a pair that does not say whose it is.
        setLink(name, { alias: vethAlias(ownerLabel(attachment), addition.pod) }),
        ...(port.hairpin || port.isolated ? [setLink(name, { port })] : []),
      ]);
      if (replies[0]?.error !== undefined) throw replies[0].error;
      return replies;
    },
    () => {
      const link = getLink(host, name);
      if (link?.mac === mac) removeLink(host, link);
    },
  );
  for (const { error } of more) if (error !== undefined) throw error;
  setSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  // The container's end is still down: not a frame goes through the bridge's default VLAN.
  if (filtersVlans(config)) host.execute(...setPortVlans(bridge, endOf(host, name), config));
  const far = endOf(container, ifname, name);
  return { host: { index: far.peer, name, mac }, container: far };
}

/** Deletes a pair that was made here. */
export function removePair({ sides: { host } }: Addition, pair: VethPair): void {
  removeLink(host, pair.host);
}

/**
 * One end of a veth pair as it is now.
 * @param pair the pair's name in errors, which is that of the host's end
 * @throws CniError code 11 where it is gone; NetlinkError
 */
export function endOf(connection: Connection, name: string, pair = name): Link {
  const link = getLink(connection, name);
  if (link !== undefined) return link;
  throw new CniError(errorCode.tryAgain, `veth pair ${pair} was deleted while it was set up`);
}

/** The kernel numbers a bridge's ports in ten bits, from 1 (BR_MAX_PORTS, net/bridge/br_private.h). */
function full({ name }: Link): CniError {
  return new CniError(
    errorCode.tryAgain,
    `bridge ${name} is full`,
    'EXFULL: it has 1023 ports, the most that the kernel allows on a bridge',
  );
}
