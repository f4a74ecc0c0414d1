import { attribute, attributes, nested } from './attribute.ts';
import { concat, getU32, hex, putU32, readText, readU16, readU32, text, u8, u32 } from './bytes.ts';
import type { Connection, NetlinkRequest } from './connection.ts';
import { isErrno, ProtocolError } from './error.ts';
import { flag, type Message } from './message.ts';

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
  promiscuity: 30,
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
  readonly promiscuity: number;
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

/** struct ifinfomsg. */
const headerLength = 16;

function header(index: number, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(headerLength);
  putU32(bytes, 4, index);
  putU32(bytes, 8, flags);
  putU32(bytes, 12, change);
  return bytes;
}

/**
 * Reads an RTM_NEWLINK message.
 * @throws ProtocolError where it is too short
 */
export function decodeLink({ body }: Message): Link {
  if (body.length < headerLength) throw new ProtocolError(`link message of ${body.length} bytes`);
  const attrs = attributes(body.subarray(headerLength));
  const linkInfo = attributes(attrs.get(ifla.linkinfo));
  const kind = readText(linkInfo.get(info.kind));
  const data = kind === 'bridge' ? attributes(linkInfo.get(info.data)) : undefined;
  const isPort = readText(linkInfo.get(info.slaveKind)) === 'bridge';
  const port = isPort ? attributes(linkInfo.get(info.slaveData)) : undefined;
  // A kernel that can't filter says 0 for vlanFiltering, and leaves out the default.
  const defaultVlan = data?.get(br.vlanDefaultPvid);
  return {
    index: getU32(body, 4),
    flags: getU32(body, 8),
    name: readText(attrs.get(ifla.ifname)),
    kind,
    mac: formatMac(attrs.get(ifla.address)),
    mtu: readU32(attrs.get(ifla.mtu)),
    master: readU32(attrs.get(ifla.master)),
    peer: readU32(attrs.get(ifla.link)),
    alias: readText(attrs.get(ifla.ifalias)),
    promiscuity: readU32(attrs.get(ifla.promiscuity)),
    group: readU32(attrs.get(ifla.group)),
    operational: attrs.get(ifla.operstate)?.[0] === operationalUp,
    portState: portStates[port?.get(brport.state)?.[0] ?? -1],
    forwardDelayMilliseconds:
      readU32(data?.get(br.stpState)) === 0 ? 0 : 10 * readU32(data?.get(br.forwardDelay)),
    vlanFiltering: defaultVlan === undefined ? undefined : data?.get(br.vlanFiltering)?.[0] === 1,
    defaultVlan: readU16(defaultVlan),
  };
}

function getRequest(name: string): NetlinkRequest {
  return {
    type: type.getlink,
    flags: 0,
    body: concat([header(0), attribute(ifla.ifname, text(name))]),
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

/**
 * Every link of the namespace, or the ports of one bridge.
 * @throws NetlinkError
 */
export function listLinks(connection: Connection, master?: number): Link[] {
  const filter = master === undefined ? [] : [attribute(ifla.master, u32(master))];
  const links = connection
    .dump({
      type: type.getlink,
      flags: 0,
      body: concat([header(0), ...filter]),
      operation: 'list links',
      object: master === undefined ? '' : `of bridge ${master}`,
    })
    .map(decodeLink);
  // On a busy host a dump has one link in several states.
  return [...new Map(links.map((link) => [link.index, link])).values()];
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

function bridgeInfo({ vlanFiltering }: LinkSettings): Uint8Array {
  const data =
    vlanFiltering === undefined
      ? []
      : [nested(info.data, attribute(br.vlanFiltering, u8(Number(vlanFiltering))))];
  return nested(ifla.linkinfo, attribute(info.kind, text('bridge')), ...data);
}

function settingAttributes({ mac, mtu, master, alias, group, port }: LinkSettings): Uint8Array[] {
  const attrs: Uint8Array[] = [];
  if (mac !== undefined) attrs.push(attribute(ifla.address, parseMac(mac)));
  if (mtu !== undefined) attrs.push(attribute(ifla.mtu, u32(mtu)));
  if (master !== undefined) attrs.push(attribute(ifla.master, u32(master)));
  if (alias !== undefined) attrs.push(attribute(ifla.ifalias, text(alias)));
  if (group !== undefined) attrs.push(attribute(ifla.group, u32(group)));
  if (port !== undefined) {
    const data: Uint8Array[] = [];
    if (port.hairpin !== undefined) data.push(attribute(brport.hairpin, u8(Number(port.hairpin))));
    if (port.isolated !== undefined) data.push(attribute(brport.isolated, u8(Number(port.isolated))));
    attrs.push(
      nested(ifla.linkinfo, attribute(info.slaveKind, text('bridge')), nested(info.slaveData, ...data)),
    );
  }
  return attrs;
}

function settingFlags({ up, promisc }: LinkSettings): [number, number] {
  const bit = (value: boolean | undefined, mask: number): number => (value === undefined ? 0 : mask);
  const set = (value: boolean | undefined, mask: number): number => (value === true ? mask : 0);
  return [set(up, iff.up) | set(promisc, iff.promisc), bit(up, iff.up) | bit(promisc, iff.promisc)];
}

/** Makes a bridge. It fails with EEXIST where the name is taken. */
export function newBridge(name: string, settings: LinkSettings): NetlinkRequest {
  return {
    type: type.newlink,
    flags: flag.create | flag.exclusive,
    body: concat([
      header(0, ...settingFlags(settings)),
      attribute(ifla.ifname, text(name)),
      bridgeInfo(settings),
      ...settingAttributes(settings),
    ]),
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
  return {
    type: type.newlink,
    flags: flag.create | flag.exclusive,
    body: concat([
      header(0, ...settingFlags(settings)),
      attribute(ifla.ifname, text(name)),
      ...settingAttributes(settings),
      nested(
        ifla.linkinfo,
        attribute(info.kind, text('veth')),
        nested(
          info.data,
          nested(
            vethPeer,
            header(0),
            attribute(ifla.ifname, text(peer.name)),
            ...(peer.namespaceFd === undefined ? [] : [attribute(ifla.netnsFd, u32(peer.namespaceFd))]),
            ...settingAttributes(peer.settings),
          ),
        ),
      ),
    ]),
    operation: 'create veth pair',
    object: `${name} and ${peer.name}`,
  };
}

/** Changes a link, found by name. Port settings are those of a bridge port. */
export function setLink(name: string, settings: LinkSettings): NetlinkRequest {
  return {
    type: type.newlink,
    flags: 0,
    body: concat([
      header(0, ...settingFlags(settings)),
      attribute(ifla.ifname, text(name)),
      ...settingAttributes(settings),
      ...(settings.vlanFiltering === undefined ? [] : [bridgeInfo(settings)]),
    ]),
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
    body: concat([header(0), attribute(ifla.ifname, text(name))]),
    operation: 'delete link',
    object: name,
  };
}

/** Deletes every link of a group at once. It fails with ENODEV where there is none. */
export function deleteGroup(group: number): NetlinkRequest {
  return {
    type: type.dellink,
    flags: 0,
    body: concat([header(0), attribute(ifla.group, u32(group))]),
    operation: 'delete links of group',
    object: String(group),
  };
}
