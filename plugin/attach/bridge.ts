import type { Attachment } from '../../cni/attachment.ts';
import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import {
  getLink,
  iff,
  type Link,
  type LinkSettings,
  newBridge,
  removeLink,
  setLink,
} from '../../netlink/route/link.ts';
import { listLinks, listPorts, type PassingLink } from '../../netlink/route/link-list.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { randomMac } from '../config/mac.ts';
import { labelPrefix, networkLabel, ownerLabel } from './owner.ts';
import { ensureVlanFiltering, filtersVlans, noVlanFiltering } from './port-vlans.ts';
import { changeSysctl } from './sysctl.ts';
import type { Undo } from './undo.ts';

/**
 * The link group of a bridge that an ADD made and none has succeeded on yet: the last of them to fail takes it away,
 * whichever made it. The kernel sets it as it makes the link; people's and distributions' groups are small.
 */
const unproven = 0x636e6962;

function bridgeNamed(host: Connection, name: string): Link | undefined {
  const link = getLink(host, name);
  if (link === undefined || link.kind === 'bridge') return link;
  const kind = link.kind === '' ? 'a link of another kind' : `a ${link.kind}`;
  throw new CniError(
    errorCode.invalidConfig,
    'invalid configuration',
    `bridge: "${name}" is ${kind}, no bridge`,
  );
}

/**
 * The bridge, made where it is missing, up, and promiscuous or filtering VLANs where that is asked for. A new bridge
 * is given its MAC address at birth, so that it keeps it while ports come and go.
 * @throws CniError code 7 where the name belongs to a link of another kind, 50 where the kernel has no VLANs;
 * NetlinkError
 */
export function ensureBridge(host: Connection, config: BridgeConfig, undo: Undo): Link {
  const { bridge: name, mtu, promiscMode } = config;
  const vlanFiltering = filtersVlans(config);
  const found =
    bridgeNamed(host, name) ?? createBridge(host, name, { mtu, promiscMode, vlanFiltering }, undo);
  if (found.group === unproven) undo.register(`bridge ${name}`, () => removeUnproven(host, found));
  if (vlanFiltering) ensureVlanFiltering(host, found, undo);
  if (lackedFlags(found, promiscMode) !== undefined) ensureFlags(host, found, promiscMode, undo);
  // The host's routes through this link are ours to make.
  changeSysctl(`net/ipv6/conf/${name}/accept_ra`, '0', undo);
  return found;
}

/** What is to be set on a bridge; undefined where it is as it should be. */
function lackedFlags(
  { flags }: Link,
  promiscMode: boolean,
): Pick<LinkSettings, 'up' | 'promisc'> | undefined {
  const down = (flags & iff.up) === 0;
  const plain = promiscMode && (flags & iff.promisc) === 0;
  return down || plain ? { ...(down ? { up: true } : {}), ...(plain ? { promisc: true } : {}) } : undefined;
}

function ensureFlags(host: Connection, bridge: Link, promiscMode: boolean, undo: Undo): void {
  const { name } = bridge;
  // Asked before the flags, which another ADD sets before it makes its port: whose port is known here needs nothing of
  // what is done here.
  const before = new Set(listPorts(host, bridge));
  const now = bridgeNamed(host, name);
  const lacked = now && lackedFlags(now, promiscMode);
  if (lacked === undefined) return;
  undo.attempt(
    `flags of bridge ${name}`,
    () => host.execute(setLink(name, lacked)),
    () => {
      // Who was connected since relies on it.
      if (listPorts(host, bridge).some((port) => !before.has(port))) return;
      const { up, promisc } = lacked;
      host.execute(setLink(name, { ...(up ? { up: false } : {}), ...(promisc ? { promisc: false } : {}) }));
    },
  );
}

function createBridge(
  host: Connection,
  name: string,
  {
    mtu,
    promiscMode,
    vlanFiltering,
  }: { mtu: number | undefined; promiscMode: boolean; vlanFiltering: boolean },
  undo: Undo,
): Link {
  const mac = randomMac();
  const filtering = vlanFiltering ? { vlanFiltering } : {};
  try {
    undo.attempt(
      `bridge ${name}`,
      () =>
        host.execute(
          newBridge(name, { mac, mtu, up: true, promisc: promiscMode, group: unproven, ...filtering }),
        ),
      () => {
        // Its address tells that it is the one made here.
        const link = getLink(host, name);
        if (link?.mac === mac) removeUnproven(host, link);
      },
    );
  } catch (error) {
    // With words of the kernel's own it is no kernel for bridges at all.
    if (vlanFiltering && isErrno(error, 'EOPNOTSUPP') && error.extack === '') throw noVlanFiltering(name);
    // Another ADD made it meanwhile.
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  const link = bridgeNamed(host, name);
  if (link === undefined)
    throw new CniError(errorCode.tryAgain, `bridge ${name} was deleted while it was set up`);
  return link;
}

function removeUnproven(host: Connection, { name, index }: Link): void {
  const link = getLink(host, name);
  if (link?.index !== index || link.group !== unproven || listPorts(host, link).length > 0) return;
  removeLink(host, name);
}

/** Tells later ADDs that the bridge is there to stay, since this one has done all but print its result. */
export function proveBridge(host: Connection, bridge: Link, attachment: Attachment, undo: Undo): void {
  if (bridge.group !== unproven) return;
  const { name } = bridge;
  undo.attempt(
    `link group of bridge ${name}`,
    () => host.execute(setLink(name, { group: 0 })),
    () => {
      if (!servesOthers(host, bridge, attachment)) host.execute(setLink(name, { group: unproven }));
    },
  );
}

/**
 * Whether the bridge has a port of another attachment which relies on what was done to it: one of the network, or of
 * another network that came after this one's port.
 */
export function servesOthers(host: Connection, bridge: Link, attachment: Attachment): boolean {
  const network = networkLabel(attachment.network);
  const own = ownerLabel(attachment);
  const ports = listLinks(host, { master: bridge.index }, ({ alias, index }) =>
    alias.startsWith(labelPrefix) ? { alias, index } : undefined,
  );
  const port = ports.find(({ alias }) => alias === own);
  return ports.some(
    ({ alias, index }) =>
      alias !== own && (alias.startsWith(network) || (port !== undefined && index > port.index)),
  );
}

/** Whether the host has another attachment, of whatever network, which relies on what is the whole host's. */
export function hostServesOthers(host: Connection, attachment: Attachment): boolean {
  const own = ownerLabel(attachment);
  const isOther = ({ alias }: PassingLink): boolean => alias.startsWith(labelPrefix) && alias !== own;
  return listLinks(host, { kind: 'veth' }, (link) => isOther(link) || undefined).length > 0;
}
