import { Attributes } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import {
  IFLA_ADDRESS,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_OPERSTATE,
} from '../linux/if_link.ts';
import { ifinfomsg, RTM_GETLINK } from '../linux/rtnetlink.ts';
import { type Link, linkQuery, peerOf } from './link.ts';

/** Which links to list: all, the ports of a bridge, those of a kind (`veth`). */
export interface LinkFilter {
  /** Index of the bridge. */
  readonly master?: number;
  readonly kind?: string;
}

/** A link during a listing, its fields decoded on access. Fields as in {@link Link}. */
export class PassingLink {
  private readonly attributes: Attributes;

  /** @throws ProtocolError if an attribute claims more bytes than there are */
  constructor(private readonly body: Uint8Array) {
    this.attributes = new Attributes(body.subarray(ifinfomsg.length));
  }

  get index(): number {
    return ifinfomsg.ifi_index.get(this.body);
  }

  get name(): string {
    return this.attributes.get(IFLA_IFNAME);
  }

  get mac(): string {
    return this.attributes.get(IFLA_ADDRESS);
  }

  get alias(): string {
    return this.attributes.get(IFLA_IFALIAS);
  }

  get group(): number {
    return this.attributes.get(IFLA_GROUP);
  }

  get master(): number {
    return this.attributes.get(IFLA_MASTER);
  }

  get peer(): number {
    return peerOf(this.attributes, this.kind, this.index);
  }

  get mtu(): number {
    return this.attributes.get(IFLA_MTU);
  }

  /** IFF_* */
  get flags(): number {
    return ifinfomsg.ifi_flags.get(this.body);
  }

  /** IF_OPER_* (RFC 2863) */
  get operstate(): number {
    return this.attributes.get(IFLA_OPERSTATE);
  }

  /** For a veth, the id of the peer's namespace; undefined where both ends are in one. */
  get peerNamespaceId(): number | undefined {
    return this.attributes.has(IFLA_LINK_NETNSID) ? this.attributes.get(IFLA_LINK_NETNSID) : undefined;
  }

  get kind(): string {
    return this.attributes.nested(IFLA_LINKINFO).get(IFLA_INFO_KIND);
  }
}

/**
 * Iterates over the namespace's links, as {@link Connection.collect} does. A thousand take the kernel 8 ms, so look up
 * links by name or index where possible.
 * @param read gets each link, valid until it returns; its results are collected, except undefined
 * @returns what `read` returned; if links keep coming and going, one may be listed twice, in different states
 * @throws NetlinkError
 *
 * @example
 * const aliased = listLinks(route, { kind: 'veth' }, ({ name, alias }) => (alias === '' ? undefined : name));
 */
export function listLinks<T>(
  connection: Connection,
  { master, kind }: LinkFilter,
  read: (link: PassingLink) => T | undefined,
): T[] {
  const body = linkQuery(0).put(IFLA_MASTER, master);
  if (kind !== undefined) body.nested(IFLA_LINKINFO, () => body.put(IFLA_INFO_KIND, kind));
  const request = {
    type: RTM_GETLINK,
    flags: 0,
    body: body.done(),
    operation: 'list links',
    object: master === undefined ? '' : `of bridge ${master}`,
  };
  return connection.collect(request, (message) => {
    const link = new PassingLink(message.body);
    const value = read(link);
    if (value === undefined) return undefined;
    // Linux before 4.6 ignores filters, and any Linux ignores a kind whose module isn't loaded.
    const passes =
      (master === undefined || link.master === master) && (kind === undefined || link.kind === kind);
    return passes ? value : undefined;
  });
}

/**
 * The indexes of a bridge's ports.
 * @throws NetlinkError
 */
export function listPorts(connection: Connection, bridge: Pick<Link, 'index'>): number[] {
  return listLinks(connection, { master: bridge.index }, ({ index }) => index);
}
