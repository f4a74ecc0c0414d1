import { Attributes, noAttributes } from '../attribute.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno, ProtocolError } from '../error.ts';
import { IF_OPER_UP, IFF_LOOPBACK, IFF_PROMISC, IFF_UP } from '../linux/if.ts';
import { BR_STATE } from '../linux/if_bridge.ts';
import {
  IFLA_ADDRESS,
  IFLA_BR_BRIDGE_ID,
  IFLA_BR_FORWARD_DELAY,
  IFLA_BR_STP_STATE,
  IFLA_BR_VLAN_DEFAULT_PVID,
  IFLA_BR_VLAN_FILTERING,
  IFLA_BRPORT_STATE,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFALIAS_BYTES,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_OPERSTATE,
  VETH_INFO_PEER,
} from '../linux/if_link.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import { ifinfomsg, RTEXT_FILTER_SKIP_STATS, RTM_GETLINK, RTM_NEWLINK } from '../linux/rtnetlink.ts';
import type { Message } from '../message.ts';
import { MessageBody } from '../message-body.ts';
import { type PortSettings, putPort } from './port-settings.ts';

/** IFF_*, linux/if.h */
export const iff = { up: IFF_UP, loopback: IFF_LOOPBACK, promisc: IFF_PROMISC } as const;

/** A link's settings when it is created or changed; undefined ones are left alone. */
export interface LinkSettings {
  /** A new name, for a link given by index. Before Linux 6.2 the link has to be down. */
  readonly name?: string | undefined;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac?: string | undefined;
  /** In bytes. */
  readonly mtu?: number | undefined;
  /** Index of the bridge to join as a port; 0 for none. */
  readonly master?: number | undefined;
  /** At most 255 bytes; empty for none. */
  readonly alias?: string | undefined;
  readonly group?: number | undefined;
  readonly up?: boolean | undefined;
  readonly promisc?: boolean | undefined;
  /** Of a port of a bridge. */
  readonly port?: PortSettings | undefined;
  /** Of a bridge. A kernel without CONFIG_BRIDGE_VLAN_FILTERING ignores it: read the link afterwards. */
  readonly vlanFiltering?: boolean | undefined;
  /** Of a new bridge: whether it has the spanning tree protocol, and how long a port of it listens, then learns. */
  readonly stp?: boolean | undefined;
  readonly forwardDelayMilliseconds?: number | undefined;
}

/** A link in the kernel. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth`; empty for a device. */
  readonly kind: string;
  /** `aa:bb:cc:dd:ee:ff`; empty if it has none. */
  readonly mac: string;
  /** In bytes. */
  readonly mtu: number;
  /** IFF_* */
  readonly flags: number;
  /** Index of the bridge or bond that has it as a port; 0 for none. */
  readonly master: number;
  /** For a veth, the peer's index in the peer's namespace. */
  readonly peer: number;
  readonly alias: string;
  /** Its link group; 0 is the default. */
  readonly group: number;
  /** Whether it is operationally up (RFC 2863). */
  readonly operational: boolean;
  /** For a bridge port, its state; undefined for any other link. */
  readonly portState: (typeof BR_STATE)[number] | undefined;
  /** For a bridge with the spanning tree protocol, how long a new port listens, then learns; else 0. */
  readonly forwardDelayMilliseconds: number;
  /** For a bridge, whether it filters VLANs; undefined if the kernel can't (no CONFIG_BRIDGE_VLAN_FILTERING). */
  readonly vlanFiltering: boolean | undefined;
  /** For a bridge, whether its first port may give it a MAC address: none was set, and it has no port. */
  readonly takesPortMac: boolean;
  /** For a bridge, the VLAN that a new port joins untagged; 0 for none. */
  readonly defaultVlan: number;
}

/**
 * Decodes an RTM_NEWLINK message.
 * @throws ProtocolError if it is too short
 */
export function decodeLink({ body }: Pick<Message, 'body'>): Link {
  if (body.length < ifinfomsg.length) throw new ProtocolError(`link message of ${body.length} bytes`);
  const attributes = new Attributes(body.subarray(ifinfomsg.length));
  const info = attributes.nested(IFLA_LINKINFO);
  const kind = info.get(IFLA_INFO_KIND);
  const bridge = kind === 'bridge' ? info.nested(IFLA_INFO_DATA) : noAttributes;
  const isPort = info.get(IFLA_INFO_SLAVE_KIND) === 'bridge';
  const port = isPort ? info.nested(IFLA_INFO_SLAVE_DATA) : noAttributes;
  // A kernel that can't filter sends 0 for IFLA_BR_VLAN_FILTERING, and no default VLAN.
  const filters = bridge.has(IFLA_BR_VLAN_DEFAULT_PVID);
  const delay = bridge.get(IFLA_BR_STP_STATE) === 0 ? 0 : bridge.get(IFLA_BR_FORWARD_DELAY);
  const index = ifinfomsg.ifi_index.get(body);
  return {
    index,
    flags: ifinfomsg.ifi_flags.get(body),
    name: attributes.get(IFLA_IFNAME),
    kind,
    mac: attributes.get(IFLA_ADDRESS),
    mtu: attributes.get(IFLA_MTU),
    master: attributes.get(IFLA_MASTER),
    alias: attributes.get(IFLA_IFALIAS),
    group: attributes.get(IFLA_GROUP),
    peer: peerOf(attributes, kind, index),
    operational: attributes.get(IFLA_OPERSTATE) === IF_OPER_UP,
    portState: isPort ? BR_STATE[port.get(IFLA_BRPORT_STATE)] : undefined,
    forwardDelayMilliseconds: 10 * delay,
    vlanFiltering: filters ? bridge.get(IFLA_BR_VLAN_FILTERING) : undefined,
    // Two bytes of the bridge ID's address are enough.
    takesPortMac: kind === 'bridge' && (bridge.get(IFLA_BR_BRIDGE_ID) & 0xffff) === 0,
    defaultVlan: bridge.get(IFLA_BR_VLAN_DEFAULT_PVID),
  };
}

/**
 * The index of a veth's peer, in the peer's namespace, by the veth's attributes. Linux before 5.2 leaves out one that
 * equals the veth's own, also if the peer is in another namespace.
 */
export function peerOf(attributes: Attributes, kind: string, index: number): number {
  return attributes.get(IFLA_LINK) || (kind === 'veth' ? index : 0);
}

/** Begins a request for links without statistics. @param index 0 if attributes say which */
export function linkQuery(index: number): MessageBody {
  return new MessageBody()
    .struct(ifinfomsg)
    .set(ifinfomsg.ifi_index, index)
    .put(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

function getRequest(which: string | number): NetlinkRequest {
  const byName = typeof which === 'string';
  const body = linkQuery(byName ? 0 : which).put(IFLA_IFNAME, byName ? which : undefined);
  const operation = byName ? 'get link' : 'get link of index';
  return { type: RTM_GETLINK, flags: 0, isQuery: true, body: body.done(), operation, object: String(which) };
}

/**
 * The existing links among these names or indexes, in one exchange.
 * @throws NetlinkError
 */
export function findLinks(connection: Connection, which: readonly (string | number)[]): Link[] {
  const links: Link[] = [];
  for (const { messages, error } of connection.exchange(which.map(getRequest))) {
    if (error !== undefined && !isErrno(error, 'ENODEV')) throw error;
    for (const message of messages) links.push(decodeLink(message));
  }
  return links;
}

/**
 * The link of that name; undefined if there is none.
 * @throws NetlinkError
 */
export function getLink(connection: Connection, name: string): Link | undefined {
  return findLinks(connection, [name])[0];
}

/** Whether a link is still there: its name may belong to another by now. @throws NetlinkError */
export function isThere(connection: Connection, { name, index }: Pick<Link, 'name' | 'index'>): boolean {
  return getLink(connection, name)?.index === index;
}

/** A link by name, or by index, which no other link in its namespace has while it exists. */
export type LinkReference = string | Pick<Link, 'index' | 'name'>;

/** Begins a message about a link: struct ifinfomsg with the changed flags, IFLA_IFNAME if it is given by name. */
export function linkBody(link: LinkReference, { up, promisc, name }: LinkSettings = {}): MessageBody {
  const byName = typeof link === 'string';
  const flags = (up === true ? IFF_UP : 0) | (promisc === true ? IFF_PROMISC : 0);
  const change = (up === undefined ? 0 : IFF_UP) | (promisc === undefined ? 0 : IFF_PROMISC);
  return new MessageBody()
    .struct(ifinfomsg)
    .set(ifinfomsg.ifi_index, byName ? 0 : link.index)
    .set(ifinfomsg.ifi_flags, flags)
    .set(ifinfomsg.ifi_change, change)
    .put(IFLA_IFNAME, byName ? link : name);
}

export function nameOf(link: LinkReference): string {
  return typeof link === 'string' ? link : link.name;
}

function putBridge(body: MessageBody, settings: LinkSettings): void {
  const { vlanFiltering, stp, forwardDelayMilliseconds: delay } = settings;
  body.nested(IFLA_LINKINFO, () => {
    body.put(IFLA_INFO_KIND, 'bridge');
    if ((vlanFiltering ?? stp) === undefined) return;
    body.nested(IFLA_INFO_DATA, () => {
      body
        .put(IFLA_BR_FORWARD_DELAY, delay && delay / 10)
        .put(IFLA_BR_STP_STATE, stp === undefined ? undefined : Number(stp))
        .put(IFLA_BR_VLAN_FILTERING, vlanFiltering);
    });
  });
}

function putSettings(body: MessageBody, { mac, mtu, master, alias, group, port }: LinkSettings): void {
  body
    .put(IFLA_ADDRESS, mac)
    .put(IFLA_MTU, mtu)
    .put(IFLA_MASTER, master)
    .put(IFLA_IFALIAS, alias || undefined)
    .put(IFLA_IFALIAS_BYTES, alias === '' ? new Uint8Array() : undefined)
    .put(IFLA_GROUP, group);
  if (port === undefined || Object.values(port).every((setting) => setting === undefined)) return;
  body.nested(IFLA_LINKINFO, () => {
    body.put(IFLA_INFO_SLAVE_KIND, 'bridge').nested(IFLA_INFO_SLAVE_DATA, () => putPort(body, port));
  });
}

/** Creates a bridge. It fails with EEXIST if the name is taken. */
export function newBridge(name: string, settings: LinkSettings): NetlinkRequest {
  const body = linkBody(name, settings);
  putBridge(body, settings);
  putSettings(body, settings);
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: body.done(),
    operation: 'create bridge',
    object: name,
  };
}

/** The far end of a veth pair. */
export interface Peer {
  readonly name: string;
  /** Of the namespace to put it in; undefined for the near end's. */
  readonly namespaceFd?: number | undefined;
  readonly settings: LinkSettings;
}

/**
 * Creates a veth pair, the peer in the same or another namespace. The kernel accepts no IFF_UP for the peer and no
 * aliases here: use {@link setLink}.
 *
 *     struct ifinfomsg
 *     IFLA_IFNAME, IFLA_*          the near end's
 *     IFLA_LINKINFO
 *       IFLA_INFO_KIND             veth
 *       IFLA_INFO_DATA
 *         VETH_INFO_PEER
 *           struct ifinfomsg
 *           IFLA_IFNAME, IFLA_*    the peer's
 */
export function newVeth(name: string, settings: LinkSettings, peer: Peer): NetlinkRequest {
  const body = linkBody(name, settings);
  putSettings(body, settings);
  const putPeer = (): void => {
    body.struct(ifinfomsg).put(IFLA_IFNAME, peer.name).put(IFLA_NET_NS_FD, peer.namespaceFd);
    putSettings(body, peer.settings);
  };
  body.nested(IFLA_LINKINFO, () => {
    body.put(IFLA_INFO_KIND, 'veth').nested(IFLA_INFO_DATA, () => body.nested(VETH_INFO_PEER, putPeer));
  });
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: body.done(),
    operation: 'create veth pair',
    object: `${name} and ${peer.name}`,
  };
}

function settingNames(settings: LinkSettings): string {
  return Object.entries(settings)
    .flatMap(([key, value]) => (value === undefined ? [] : [key]))
    .join(', ');
}

/** Changes a link. */
export function setLink(link: LinkReference, settings: LinkSettings): NetlinkRequest {
  const body = linkBody(link, settings);
  putSettings(body, settings);
  if (settings.vlanFiltering !== undefined) putBridge(body, settings);
  return {
    type: RTM_NEWLINK,
    flags: 0,
    body: body.done(),
    // Formatted only if it is refused.
    get operation() {
      return `set ${settingNames(settings)} of link`;
    },
    object: nameOf(link),
  };
}
