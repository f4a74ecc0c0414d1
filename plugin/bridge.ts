import type { Attachment } from '../ipam/config.ts';
import { CniError, errorCode } from '../ipam/error.ts';
import type { Connection } from '../netlink/connection.ts';
import { isErrno } from '../netlink/error.ts';
import {
  formatMac,
  getLink,
  iff,
  type Link,
  listLinks,
  newBridge,
  removeLink,
  setLink,
} from '../netlink/link.ts';
import { randomBytes } from '../netlink/random.ts';
import type { BridgeConfig } from './config.ts';
import { networkLabel, ownerLabel } from './owner.ts';
import { changeSysctl } from './sysctl.ts';
import type { Undo } from './undo.ts';
import { ensureVlanFiltering, filtersVlans, noVlanFiltering } from './vlan.ts';

/** A locally administered unicast MAC address. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}

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
  if (vlanFiltering) ensureVlanFiltering(host, found, undo);
  const down = (found.flags & iff.up) === 0;
  const plain = promiscMode && (found.flags & iff.promisc) === 0;
  if (down || plain) {
    const set = (value: boolean) =>
      host.execute(setLink(name, { ...(down ? { up: value } : {}), ...(plain ? { promisc: value } : {}) }));
    undo.attempt(
      `flags of bridge ${name}`,
      () => set(true),
      () => set(false),
    );
  }
  // The host's routes through this link are ours to make.
  changeSysctl(`net/ipv6/conf/${name}/accept_ra`, '0', undo);
  return found;
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
      () => host.execute(newBridge(name, { mac, mtu, up: true, promisc: promiscMode, ...filtering })),
      () => {
        // Its address tells that it is the one made here.
        const link = getLink(host, name);
        if (link?.mac === mac && listLinks(host, link.index).length === 0) removeLink(host, name);
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

/** Whether the bridge has a port of another attachment of the network, which relies on what was done to it. */
export function servesOthers(host: Connection, bridge: Link, attachment: Attachment): boolean {
  const network = networkLabel(attachment.network);
  const own = ownerLabel(attachment);
  return listLinks(host, bridge.index).some(({ alias }) => alias.startsWith(network) && alias !== own);
}
