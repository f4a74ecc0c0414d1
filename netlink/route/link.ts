import { attributes } from '../attribute.ts';
import { getU32, hex } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno, ProtocolError } from '../error.ts';
import { flag, type Message } from '../message.ts';
import { MessageBody } from '../message-body.ts';

/** linux/rtnetlink.h */
const type = { newlink: 16, dellink: 17, getlink: 18, setlink: 19 } as const;

/** IFLA_*, linux/if_link.h */
const ifla = {
  address: 1,
  ifname: 3,
  mtu: 4,
  link: 5,
  master: 10,
  operstate: 16,
  linkinfo: 18,
  ifalias: 20,
  group: 27,
  netnsFd: 28,
} as const;

/** IFLA_INFO_*, linux/if_link.h */
const info = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
/** IFLA_BR_*, linux/if_link.h; forwardDelay in hundredths of a second */
const br = { forwardDelay: 1, stpState: 5, vlanFiltering: 7, vlanDefaultPvid: 39 } as const;
/** VETH_INFO_PEER, linux/veth.h */
const vethPeer = 1;
/** IFLA_BRPORT_*, linux/if_link.h */
const brport = { state: 1, hairpin: 4, isolated: 33 } as const;

/** IFF_*, linux/if.h */
export const iff = { up: 0x1, promisc: 0x100 } as const;

/** IF_OPER_UP, linux/if.h */
const operationalUp = 6;
/** BR_STATE_*, linux/if_bridge.h */
const portStates = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** A link as the kernel tells of it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly mac: string;
  readonly mtu: number;
  readonly flags: number;
  /** Index of the bridge or bond that it is a port of; 0 for none. */
  readonly master: number;
  /** For a veth, the peer's index in the peer's namespace. */
  readonly peer: number;
  readonly alias: string;
  /** Number of the link group that it is in; 0 is everybody's. */
  readonly group: number;
  /** Whether it is operationally up (RFC 2863). */
  readonly operational: boolean;
  /** Of a bridge port, what the bridge does with its frames; undefined where it is none. */
  readonly portState: (typeof portStates)[number] | undefined;
  /** Of a bridge that runs the spanning tree protocol, how long a new port listens, then learns; else 0. */
  readonly forwardDelayMilliseconds: number;
  /** For a bridge, whether it filters VLANs; undefined where the kernel can't (no CONFIG_BRIDGE_VLAN_FILTERING). */
  readonly vlanFiltering: boolean | undefined;
  /** For a bridge, the VLAN that a new port is put in untagged; 0 for none. */
  readonly defaultVlan: number;
}

/** `aa:bb:cc:dd:ee:ff` of six bytes. */
export function formatMac(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : hex(bytes, ':');
}

/** Six bytes of `aa:bb:cc:dd:ee:ff`. */
export function parseMac(mac: string): Uint8Array {
  return new Uint8Array(mac.split(/[:-]/).map((byte) => Number.parseInt(byte, 16)));
}

/** The length of struct ifinfomsg. */
const headerLength = 16;

/** struct ifinfomsg, linux/rtnetlink.h: family and type, index, flags, and which of them change. */
function ifinfomsg(flags = 0, change = 0): MessageBody {
  return new MessageBody(0, 0, flags, change);
}

/**
 * Reads an RTM_NEWLINK message.
 * @throws ProtocolError where it is too short
 */
export function decodeLink({ body }: Pick<Message, 'body'>): Link {
  if (body.length < headerLength) throw new ProtocolError(`link message of ${body.length} bytes`);
  const attrs = attributes(body.subarray(headerLength));
  const linkInfo = attrs.nested(ifla.linkinfo);
  const kind = linkInfo.text(info.kind);
  const data = kind === 'bridge' ? linkInfo.nested(info.data) : undefined;
  const isPort = linkInfo.text(info.slaveKind) === 'bridge';
  const port = isPort ? linkInfo.nested(info.slaveData) : undefined;
  // A kernel that can't filter says 0 for vlanFiltering, and leaves out the default.
  const filters = data?.has(br.vlanDefaultPvid) === true;
  return {
    index: getU32(body, 4),
    flags: getU32(body, 8),
    name: attrs.text(ifla.ifname),
    kind,
    mac: formatMac(attrs.get(ifla.address)),
    mtu: attrs.u32(ifla.mtu),
    master: attrs.u32(ifla.master),
    peer: attrs.u32(ifla.link),
    alias: attrs.text(ifla.ifalias),
    group: attrs.u32(ifla.group),
    operational: attrs.u8(ifla.operstate) === operationalUp,
    portState: port === undefined ? undefined : portStates[port.u8(brport.state)],
    forwardDelayMilliseconds:
      data === undefined || data.u32(br.stpState) === 0 ? 0 : 10 * data.u32(br.forwardDelay),
    vlanFiltering: filters ? data?.u8(br.vlanFiltering) === 1 : undefined,
    defaultVlan: data?.u16(br.vlanDefaultPvid) ?? 0,
  };
}

function getRequest(name: string): NetlinkRequest {
  return {
    type: type.getlink,
    flags: 0,
    body: ifinfomsg().text(ifla.ifname, name).done(),
    operation: 'get link',
    object: name,
  };
}

/**
 * The link of that name; undefined where there is none.
 * @throws NetlinkError
 */
export function getLink(connection: Connection, name: string): Link | undefined {
  const [reply] = connection.exchange([getRequest(name)]);
  if (isErrno(reply?.error, 'ENODEV')) return undefined;
  if (reply?.error !== undefined) throw reply.error;
  const message = reply?.messages[0];
  return message === undefined ? undefined : decodeLink(message);
}

/** What can be said of a link when it is made or changed. */
export interface LinkSettings {
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly master?: number;
  readonly alias?: string;
  readonly group?: number;
  readonly up?: boolean;
  readonly promisc?: boolean;
  readonly port?: { readonly hairpin?: boolean; readonly isolated?: boolean };
  /** Of a bridge. A kernel without CONFIG_BRIDGE_VLAN_FILTERING takes no notice: look at the link. */
  readonly vlanFiltering?: boolean;
}

function putBridge(body: MessageBody, { vlanFiltering }: LinkSettings): void {
  body.nested(ifla.linkinfo, () => {
    body.text(info.kind, 'bridge');
    if (vlanFiltering === undefined) return;
    body.nested(info.data, () => body.u8(br.vlanFiltering, Number(vlanFiltering)));
  });
}

function putSettings(body: MessageBody, { mac, mtu, master, alias, group, port }: LinkSettings): void {
  if (mac !== undefined) body.bytes(ifla.address, parseMac(mac));
  if (mtu !== undefined) body.u32(ifla.mtu, mtu);
  if (master !== undefined) body.u32(ifla.master, master);
  if (alias !== undefined) body.text(ifla.ifalias, alias);
  if (group !== undefined) body.u32(ifla.group, group);
  if (port === undefined) return;
  const { hairpin, isolated } = port;
  body.nested(ifla.linkinfo, () => {
    body.text(info.slaveKind, 'bridge').nested(info.slaveData, () => {
      if (hairpin !== undefined) body.u8(brport.hairpin, Number(hairpin));
      if (isolated !== undefined) body.u8(brport.isolated, Number(isolated));
    });
  });
}

function settingFlags({ up, promisc }: LinkSettings): [number, number] {
  const bit = (value: boolean | undefined, mask: number): number => (value === undefined ? 0 : mask);
  const set = (value: boolean | undefined, mask: number): number => (value === true ? mask : 0);
  return [set(up, iff.up) | set(promisc, iff.promisc), bit(up, iff.up) | bit(promisc, iff.promisc)];
}

/** Makes a bridge. It fails with EEXIST where the name is taken. */
export function newBridge(name: string, settings: LinkSettings): NetlinkRequest {
  const body = ifinfomsg(...settingFlags(settings)).text(ifla.ifname, name);
  putBridge(body, settings);
  putSettings(body, settings);
  return {
    type: type.newlink,
    flags: flag.create | flag.exclusive,
    body: body.done(),
    operation: 'create bridge',
    object: name,
  };
}

/** The far end of a veth pair: its name, its namespace (undefined for that of the near end), and what it is given. */
export interface Peer {
  readonly name: string;
  readonly namespaceFd?: number;
  readonly settings: LinkSettings;
}

/**
 * Makes a veth pair, the peer in another namespace or in the same. The kernel takes no IFF_UP and no alias for the peer here,
 * and no alias for the near end: those are {@link setLink}'s.
 */
export function newVeth(name: string, settings: LinkSettings, peer: Peer): NetlinkRequest {
  const body = ifinfomsg(...settingFlags(settings)).text(ifla.ifname, name);
  putSettings(body, settings);
  const putPeer = (): void => {
    body.text(ifla.ifname, peer.name);
    if (peer.namespaceFd !== undefined) body.u32(ifla.netnsFd, peer.namespaceFd);
    putSettings(body, peer.settings);
  };
  body.nested(ifla.linkinfo, () => {
    // The peer's own struct ifinfomsg comes before its attributes.
    body.text(info.kind, 'veth').nested(info.data, () => body.nested(vethPeer, putPeer, 0, 0, 0, 0));
  });
  return {
    type: type.newlink,
    flags: flag.create | flag.exclusive,
    body: body.done(),
    operation: 'create veth pair',
    object: `${name} and ${peer.name}`,
  };
}

/** Changes a link, found by name. Port settings are those of a bridge port. */
export function setLink(name: string, settings: LinkSettings): NetlinkRequest {
  const body = ifinfomsg(...settingFlags(settings)).text(ifla.ifname, name);
  putSettings(body, settings);
  if (settings.vlanFiltering !== undefined) putBridge(body, settings);
  return {
    type: type.newlink,
    flags: 0,
    body: body.done(),
    operation: `set ${Object.keys(settings).join(', ')} of link`,
    object: name,
  };
}

/**
 * Deletes a link, found by name.
 * @returns whether there was one
 * @throws NetlinkError
 */
export function removeLink(connection: Connection, name: string): boolean {
  const [reply] = connection.exchange([deleteLink(name)]);
  if (isErrno(reply?.error, 'ENODEV')) return false;
  if (reply?.error !== undefined) throw reply.error;
  return true;
}

/** Deletes a link, found by name; of a veth, both ends. */
export function deleteLink(name: string): NetlinkRequest {
  return {
    type: type.dellink,
    flags: 0,
    body: ifinfomsg().text(ifla.ifname, name).done(),
    operation: 'delete link',
    object: name,
  };
}

/** Deletes every link of a group at once. It fails with ENODEV where there is none. */
export function deleteGroup(group: number): NetlinkRequest {
  return {
    type: type.dellink,
    flags: 0,
    body: ifinfomsg().u32(ifla.group, group).done(),
    operation: 'delete links of group',
    object: String(group),
  };
}
