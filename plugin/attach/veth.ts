import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { getLink, isThere, type Link, newVeth, setLink } from '../../netlink/route/link.ts';
import { hasLink, setSysctl } from '../../netlink/sysctl.ts';
import { randomMac } from '../config/mac.ts';
import { invalidConfig } from '../config/schema-check.ts';
import type { Addition } from './addition.ts';
import { BridgeGone } from './bridge-lifetime.ts';
import { randomPortMac, vethNames } from './host-veth.ts';
import { ownerLabel, vethAlias } from './owner.ts';
import { completePort, hasPortOptions, portSettings } from './port-options.ts';
import { filtersVlans, setPortVlans } from './port-vlans.ts';

/** Both ends of a pair. */
export interface VethPair {
  /** The host's end, which is up and a port of the bridge. */
  readonly host: Pick<Link, 'name' | 'mac'>;
  /** The container's end, which is still down. */
  readonly container: Pick<Link, 'name' | 'mac' | 'mtu'>;
}

/** What the kernel gives a veth for which none is chosen (ETH_DATA_LEN, linux/if_ether.h). */
const defaultMtu = 1500;

/**
 * Creates the veth pair: one end a port of the bridge, the other in the container's namespace.
 * @throws CniError code 4 if the container has an interface of that name, 11 if the bridge is full; BridgeGone,
 * NetlinkError
 */
export function connectContainer(addition: Addition, bridge: Link): VethPair {
  const { hostInterfaceName: given } = addition.config;
  const pattern = typeof given === 'string' ? undefined : given;
  const names = vethNames(ownerLabel(addition.attachment), pattern);
  for (const name of names) {
    // Taken by another attachment by chance, or left by an earlier ADD of this one. Checked first, since the messages
    // in the same datagram as the pair's creation would change the link that already has the name.
    if (hasLink(name)) continue;
    // Whoever chooses a pattern may have given a link such an altname, which only the kernel's look-up knows.
    if (pattern !== undefined && getLink(addition.sides.host, name) !== undefined) continue;
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

/**
 * Refuses a whole name for the host veth that a link has already.
 * @throws CniError code 7; NetlinkError
 */
export function refuseTakenName({ config, sides: { host } }: Addition): void {
  const { hostInterfaceName: whole } = config;
  if (typeof whole === 'string' && getLink(host, whole) !== undefined) throw taken(whole);
}

function taken(whole: string): CniError {
  return invalidConfig(`hostInterfaceName: "${whole}" is taken, the host has a link of that name`);
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
  const { host, containerNamespace } = sides;
  const { ifname } = attachment;
  const port = portSettings(config);
  // The MAC address shows that it is the one made here: another ADD for this attachment uses the same name.
  const mac = randomPortMac();
  // Chosen here, so that nobody has to ask the kernel.
  const far = { name: ifname, mac: config.mac ?? randomMac(), mtu: config.mtu ?? defaultMtu };
  const { hostInterfaceName: given } = config;
  const whole = typeof given === 'string' ? given : undefined;
  const settings = { mac, mtu: config.mtu, master: bridge.index, up: whole === undefined || undefined };
  const peer = {
    name: ifname,
    namespaceFd: containerNamespace.fd,
    settings: { mac: far.mac, mtu: config.mtu },
  };
  const requests = [
    newVeth(name, settings, peer),
    setLink(name, { alias: vethAlias(ownerLabel(attachment), addition.pod) }),
    ...(port === undefined ? [] : [setLink(name, { port })]),
  ];
  undo.create(host, `veth pair ${name}`, requests, () => {
    for (const one of whole === undefined ? [name] : [name, whole]) removePair(addition, { name: one, mac });
  });
  if (whole !== undefined) rename(host, { name, mac }, whole);
  const near = { name: whole ?? name, mac };
  setSysctl(`net/ipv6/conf/${near.name}/accept_ra`, '0');
  // The container's end is still down, so no frame goes through the bridge's default VLAN.
  if (filtersVlans(config)) host.execute(...setPortVlans(bridge, hostEnd(host, near), config));
  if (hasPortOptions(config)) completePort(host, hostEnd(host, near), far.mac, config);
  return { host: near, container: far };
}

/**
 * Gives the host veth a whole name, and sets it up. It is made under a name of its attachment's, since what follows its
 * creation in the same datagram would change a link that has the whole name already; a renaming is refused.
 */
function rename(host: Connection, near: VethPair['host'], whole: string): void {
  const [reply] = host.exchange([setLink(hostEnd(host, near), { name: whole, up: true })]);
  if (isErrno(reply?.error, 'EEXIST')) throw taken(whole);
  if (reply?.error !== undefined) throw reply.error;
}

/** Deletes a pair that this ADD made, by its host's end: nothing, if another link has its name. */
export function removePair({ sides: { host } }: Addition, { name, mac }: VethPair['host']): void {
  const link = getLink(host, name);
  if (link?.mac === mac) removeLink(host, link);
}

/**
 * Reads the host's end of a pair that this ADD made.
 * @throws CniError code 11 if it is gone, whether or not another ADD's pair for this attachment has its name by now;
 * NetlinkError
 */
export function hostEnd(host: Connection, { name, mac }: VethPair['host']): Link {
  const link = getLink(host, name);
  if (link?.mac === mac) return link;
  throw new CniError(errorCode.tryAgain, `veth pair ${name} was deleted while it was being set up`);
}

/** The kernel numbers a bridge's ports in ten bits, from 1 (BR_MAX_PORTS, net/bridge/br_private.h). */
function full({ name }: Link): CniError {
  return new CniError(
    errorCode.tryAgain,
    `bridge ${name} is full`,
    'EXFULL: it has 1023 ports, the most that the kernel allows on a bridge',
  );
}
