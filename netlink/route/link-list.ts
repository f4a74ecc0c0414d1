import { Attributes } from '../attribute.ts';
import { getU32 } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { MessageBody } from '../message-body.ts';
import { decodeLink, type Link } from './link.ts';

/** RTM_GETLINK, linux/rtnetlink.h */
const getLinkType = 18;
/** IFLA_*, linux/if_link.h */
const ifla = { ifname: 3, link: 5, master: 10, linkinfo: 18, ifalias: 20, group: 27, extMask: 29 } as const;
/** IFLA_INFO_KIND, linux/if_link.h */
const infoKind = 1;
/** RTEXT_FILTER_SKIP_STATS (linux/rtnetlink.h): a fifth of what the kernel would tell of a link. */
const skipStatistics = 0x8;
/** struct ifinfomsg. */
const headerLength = 16;

/** Begins a request. @param index 0 where the link is told by attributes */
function ifinfomsg(index: number): MessageBody {
  return new MessageBody(0, index, 0, 0).u32(ifla.extMask, skipStatistics);
}

function getRequest(which: string | number): NetlinkRequest {
  const byName = typeof which === 'string';
  const body = ifinfomsg(byName ? 0 : which);
  if (byName) body.text(ifla.ifname, which);
  const operation = byName ? 'get link' : 'get link of index';
  return { type: getLinkType, flags: 0, body: body.done(), operation, object: String(which) };
}

/**
 * The links of these names or indexes that are there, asked for at once.
 * @throws NetlinkError
 */
export function findLinks(connection: Connection, which: readonly (string | number)[]): Link[] {
  return connection.exchange(which.map(getRequest)).flatMap(({ messages, error }) => {
    if (error !== undefined && !isErrno(error, 'ENODEV')) throw error;
    return messages.map(decodeLink);
  });
}

/** Which links a listing is of: all, the ports of a bridge, those of a kind (`veth`). */
export interface LinkFilter {
  readonly master?: number;
  readonly kind?: string;
}

/** A link as a listing comes by it: what is asked for is looked up then. */
export class PassingLink {
  private readonly attributes: Attributes;

  /** @throws ProtocolError where an attribute claims more bytes than there are */
  constructor(private readonly body: Uint8Array) {
    this.attributes = new Attributes(body.subarray(headerLength));
  }

  get index(): number {
    return getU32(this.body, 4);
  }

  get name(): string {
    return this.attributes.text(ifla.ifname);
  }

  get alias(): string {
    return this.attributes.text(ifla.ifalias);
  }

  get group(): number {
    return this.attributes.u32(ifla.group);
  }

  /** Index of the bridge or bond that it is a port of; 0 for none. */
  get master(): number {
    return this.attributes.u32(ifla.master);
  }

  /** For a veth, the peer's index in the peer's namespace. */
  get peer(): number {
    return this.attributes.u32(ifla.link);
  }

  get kind(): string {
    return this.attributes.nested(ifla.linkinfo).text(infoKind);
  }
}

/**
 * Goes through links of the namespace, as {@link Connection.collect} does. A thousand take the kernel 8 ms: what can be
 * asked for by name or index is.
 * @param read is given each, good until it returns; what it returns is collected, unless that is undefined
 * @returns where links come and go all the time, one may be in it twice, in different states
 * @throws NetlinkError
 */
export function listLinks<T>(
  connection: Connection,
  { master, kind }: LinkFilter,
  read: (link: PassingLink) => T | undefined,
): T[] {
  const filter = ifinfomsg(0);
  if (master !== undefined) filter.u32(ifla.master, master);
  if (kind !== undefined) filter.nested(ifla.linkinfo, () => filter.text(infoKind, kind));
  const request = {
    type: getLinkType,
    flags: 0,
    body: filter.done(),
    operation: 'list links',
    object: master === undefined ? '' : `of bridge ${master}`,
  };
  return connection.collect(request, ({ body }) => {
    const link = new PassingLink(body);
    const value = read(link);
    if (value === undefined) return undefined;
    // Linux before 4.6 takes no notice of a filter, nor does any of a kind that it has no module for yet.
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
