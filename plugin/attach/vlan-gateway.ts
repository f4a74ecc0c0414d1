import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { listVlanPorts } from '../../netlink/route/bridge-vlan.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { findLinks, getLink, iff, type Link, newVeth, setLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { HostAddition } from './addition.ts';
import { randomVethName } from './host-veth.ts';
import { keep, removeUnused } from './link-group.ts';
import { servesOthers } from './other-attachments.ts';
import { isAliasOf, ownerLabel } from './owner.ts';
import { setPortVlans } from './port-vlans.ts';
import { changeSysctl } from './sysctl.ts';
import { findVrf, refuseOtherVrf } from './vrf.ts';

/** The name of the link that has a VLAN's gateway address: `<bridge>.<vlan>`. */
export function vlanGatewayName({ bridge, vlan }: Pick<BridgeConfig, 'bridge' | 'vlan'>): string {
  return `${bridge}.${vlan}`;
}

/** Whether a VLAN's gateway takes the bridge's place: it has the gateway's addresses, and is in the VRF. */
export function hasVlanGateway({ isGateway, vlan }: Pick<BridgeConfig, 'isGateway' | 'vlan'>): boolean {
  return isGateway && vlan !== 0;
}

/** The name of the link by which a network's containers reach the host: the bridge, or their VLAN's gateway. */
export function gatewayLinkOf(config: Pick<BridgeConfig, 'bridge' | 'vlan' | 'isGateway'>): string {
  return hasVlanGateway(config) ? vlanGatewayName(config) : config.bridge;
}

/** Alias of a VLAN's gateway that an ADD made; it is deleted with the last other port in its VLAN. */
const madeHereAlias = 'cni-bridge: gateway of a VLAN';

/** Whether a link is the gateway of a VLAN that an ADD made. */
export function isVlanGateway({ alias }: Pick<Link, 'alias'>): boolean {
  return alias === madeHereAlias;
}

/**
 * Returns the link for a VLAN's gateway address, up: a veth whose other end is a port of the bridge in that VLAN. It is
 * created if missing; an existing link that is up is used as it is, whatever its kind.
 * @throws CniError code 11 if it is deleted meanwhile; NetlinkError
 */
export function ensureVlanGateway(addition: HostAddition, bridge: Link): Link {
  const { config, sides, undo } = addition;
  const { host } = sides;
  const name = vlanGatewayName(config);
  const isFree = (): boolean => !servesOthers(host, bridge, addition.attachment);
  // Read after the container's port is in the VLAN, so that a DEL that would delete it sees that port.
  const vrf = config.vrf === undefined ? undefined : findVrf(host, config.vrf);
  const link = findKept(host, name) ?? createPair(addition, { bridge, vrf }, isFree);
  if (vrf !== undefined) refuseOtherVrf(host, link, vrf);
  if (config.autoMtu) lowerMtu(addition, bridge, link);
  if ((link.flags & iff.up) !== 0) return link;
  // Setting it up comes last, so one that is down is incomplete: the ADD that made it was killed, or is still at work.
  const port = link.kind === 'veth' ? findPort(host, bridge, link) : undefined;
  // The trunk is the container's alone.
  const vlans = port === undefined ? [] : setPortVlans(bridge, port, { ...config, vlanTrunk: undefined });
  // Router advertisements must not give the host routes through these links.
  for (const end of port === undefined ? [name] : [port.name, name]) {
    changeSysctl(`net/ipv6/conf/${end}/accept_ra`, '0', undo, isFree);
  }
  undo.attempt(
    `flags of ${name}`,
    () => host.execute(...vlans, setLink(link, { up: true })),
    () => {
      if (isFree()) host.execute(setLink(link, { up: false }));
    },
  );
  return link;
}

/**
 * Looks at the VRF, and at what is to be in it, before anything is touched.
 * @throws CniError code 50 if the kernel has no VRFs, 7 if there is no such VRF or if a link is in another; NetlinkError
 */
export function planVrf(host: Connection, config: BridgeConfig, name: string): void {
  const vrf = findVrf(host, name);
  const link = getLink(host, gatewayLinkOf(config));
  if (link !== undefined) refuseOtherVrf(host, link, vrf);
}

/**
 * Lowers the gateway's MTU to the container's, or the bridge would drop what the host sends it. Unlike a bridge, it
 * follows no port by itself.
 */
function lowerMtu(
  { attachment, config: { mtu }, sides: { host }, undo }: HostAddition,
  bridge: Link,
  link: Link,
): void {
  if (mtu === undefined || link.mtu <= mtu || link.kind !== 'veth') return;
  const port = findPort(host, bridge, link);
  const ends = port === undefined ? [link] : [link, port];
  const set = (value: number) => host.execute(...ends.map((end) => setLink(end, { mtu: value })));
  const own = ownerLabel(attachment);
  /** Whether another container has a smaller MTU than the gateway had. */
  const hasSmaller = (): boolean =>
    listLinks(host, { master: bridge.index }, (one) =>
      one.mtu < link.mtu && one.index !== port?.index && !isAliasOf(own, one.alias) ? true : undefined,
    ).length > 0;
  undo.attempt(
    `MTU of ${link.name}`,
    () => set(mtu),
    () => {
      if (!hasSmaller()) set(link.mtu);
    },
  );
}

/** The link of that name, kept from any DEL from now on; undefined if there is none. */
function findKept(host: Connection, name: string): Link | undefined {
  const link = getLink(host, name);
  if (link?.alias !== madeHereAlias) return link;
  return keep(host, link, 0) ? link : undefined;
}

/**
 * Deletes the gateway of a VLAN that an ADD made, if no other port of the bridge is in that VLAN.
 * @throws NetlinkError
 */
export function removeUnusedVlanGateway(
  host: Connection,
  config: Pick<BridgeConfig, 'bridge' | 'vlan'>,
): void {
  const [gateway, bridge] = [getLink(host, vlanGatewayName(config)), getLink(host, config.bridge)];
  if (gateway?.alias !== madeHereAlias) return;
  const isUsed = (): boolean =>
    bridge !== undefined && listVlanPorts(host, bridge, config.vlan).some((port) => port !== gateway.peer);
  removeUnused(host, gateway, 0, isUsed);
}

/** The other end of a veth, if it is a port of the bridge. */
function findPort(host: Connection, bridge: Link, { index, peer }: Link): Link | undefined {
  if (peer === 0) return undefined;
  // An index is valid in one namespace only, so both ends have to agree.
  return findLinks(host, [peer]).find((one) => one.peer === index && one.master === bridge.index);
}

/** How many random names are tried before giving up; one in four thousand million is taken. */
const nameAttempts = 5;

function createPair(
  { config, sides: { host }, undo }: HostAddition,
  { bridge, vrf }: { bridge: Link; vrf: Link | undefined },
  isFree: () => boolean,
): Link {
  const name = vlanGatewayName(config);
  const { mtu } = bridge;
  for (let attempt = 1; ; attempt++) {
    const port = randomVethName();
    try {
      const requests = [
        newVeth(port, { mtu, master: bridge.index, up: true }, { name, settings: { mtu } }),
        setLink(name, { alias: madeHereAlias, master: vrf?.index }),
      ];
      undo.create(host, `link ${name}`, requests, () => {
        // The port's random name shows that it is the pair made here.
        if (isFree()) removeLink(host, port);
      });
    } catch (error) {
      // Either name may be taken: `name` by another ADD that made the link meanwhile.
      if (!isErrno(error, 'EEXIST') || attempt === nameAttempts) throw error;
    }
    const link = getLink(host, name);
    if (link !== undefined) return link;
    if (attempt === nameAttempts) {
      throw new CniError(errorCode.tryAgain, `link ${name} was deleted while it was being set up`);
    }
  }
}
