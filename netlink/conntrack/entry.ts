import { Attributes, align, attribute, attributeHeader } from '../attribute.ts';
import { getU16 } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import { bytes } from '../format.ts';
import { family, type IP, ipBytes } from '../ip.ts';
import { NFNL_SUBSYS_CTNETLINK, NFPROTO_UNSPEC, nfgenmsg } from '../linux/nfnetlink.ts';
import {
  CTA_FILTER,
  CTA_FILTER_F_CTA_IP_SRC,
  CTA_FILTER_ORIG_FLAGS,
  CTA_FILTER_REPLY_FLAGS,
  CTA_ID,
  CTA_IP_V4_SRC,
  CTA_IP_V6_SRC,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  IPCTNL_MSG_CT_GET_STATS,
} from '../linux/nfnetlink_conntrack.ts';
import type { Message } from '../message.ts';
import { MessageBody } from '../message-body.ts';

/** NLA_TYPE_MASK (linux/netlink.h) */
const typeMask = 0x3fff;

/** The direction of a packet: of the first one, or of those that answer it. */
export type Direction = 'original' | 'reply';

const tuples = { original: CTA_TUPLE_ORIG, reply: CTA_TUPLE_REPLY } as const;
const filterFlags = { original: CTA_FILTER_ORIG_FLAGS, reply: CTA_FILTER_REPLY_FLAGS } as const;
const sources = { [family.ipv4]: CTA_IP_V4_SRC, [family.ipv6]: CTA_IP_V6_SRC } as const;
const rawTuple = attribute(CTA_TUPLE_ORIG.flagged, bytes);

/** A connection that the kernel tracks. */
export interface Entry {
  /** NFPROTO_* */
  readonly family: number;
  /** CTA_TUPLE_ORIG as the kernel sent it: addresses, protocol, ports. */
  readonly tuple: Uint8Array;
  readonly id: Uint8Array;
  /** CTA_ZONE; undefined for the default zone. */
  readonly zone: Uint8Array | undefined;
}

interface Verb {
  readonly type: number;
  readonly isQuery?: boolean;
  readonly operation: string;
}

function conntrackMessage(
  { type, isQuery = false, operation }: Verb,
  of: number,
  object: string,
  put: (body: MessageBody) => unknown = () => undefined,
): NetlinkRequest {
  const body = new MessageBody().struct(nfgenmsg).set(nfgenmsg.nfgen_family, of);
  put(body);
  return {
    type: (NFNL_SUBSYS_CTNETLINK << 8) | type,
    flags: 0,
    body: body.done(),
    isQuery,
    operation,
    object,
  };
}

const list: Verb = { type: IPCTNL_MSG_CT_GET, operation: 'list connections of' };

/** Dumps every entry. */
export function listEntries(): NetlinkRequest {
  return conntrackMessage(list, NFPROTO_UNSPEC, 'all addresses');
}

/**
 * Dumps the entries whose packets in this direction come from this address. A kernel before 5.8 dumps all.
 *
 *     CTA_TUPLE_ORIG, or CTA_TUPLE_REPLY
 *       CTA_TUPLE_IP
 *         CTA_IP_V4_SRC, or CTA_IP_V6_SRC
 *     CTA_FILTER
 *       CTA_FILTER_ORIG_FLAGS, or CTA_FILTER_REPLY_FLAGS    CTA_FILTER_F_CTA_IP_SRC
 */
export function listEntriesFrom(source: IP, direction: Direction): NetlinkRequest {
  return conntrackMessage(list, source.family, 'an address', (body) =>
    body
      .nested(tuples[direction], () =>
        body.nested(CTA_TUPLE_IP, () => body.put(sources[source.family], ipBytes(source))),
      )
      .nested(CTA_FILTER, () => body.put(filterFlags[direction], CTA_FILTER_F_CTA_IP_SRC)),
  );
}

/**
 * Where the payload of the first attribute of a type begins among those from `at` to `end`; 0 if there is none. A busy
 * host tracks so many connections that indexing every attribute of each would take seconds.
 */
function findPayload(body: Uint8Array, { type }: { readonly type: number }, at: number, end: number): number {
  for (let next = at; next + attributeHeader <= end; ) {
    const length = getU16(body, next);
    if (length < attributeHeader) return 0;
    if ((getU16(body, next + 2) & typeMask) === type) return next + attributeHeader;
    next += align(length);
  }
  return 0;
}

/** The end of the attribute whose payload begins there. */
function endOf(body: Uint8Array, payload: number): number {
  return payload - attributeHeader + getU16(body, payload - attributeHeader);
}

/** The source address of an entry's packets in a direction; empty if it has none. */
function sourceOf(body: Uint8Array, direction: Direction): Uint8Array {
  const tuple = findPayload(body, tuples[direction], nfgenmsg.length, body.length);
  const ip = tuple === 0 ? 0 : findPayload(body, CTA_TUPLE_IP, tuple, endOf(body, tuple));
  const is4 = nfgenmsg.nfgen_family.get(body) === family.ipv4;
  const at = ip === 0 ? 0 : findPayload(body, is4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, ip, endOf(body, ip));
  return at === 0 ? noSource : body.subarray(at, endOf(body, at));
}

const noSource = new Uint8Array();

/**
 * Decodes an entry; undefined unless its packets in one of the directions come from an address that is wanted. That of
 * the reply is the other end's true address where the destination was translated.
 * @param isWanted gets an address in network byte order
 */
export function decodeEntryFrom(
  { body }: Pick<Message, 'body'>,
  isWanted: (source: Uint8Array) => boolean,
): Entry | undefined {
  if (!isWanted(sourceOf(body, 'original')) && !isWanted(sourceOf(body, 'reply'))) return undefined;
  const entry = new Attributes(body.subarray(nfgenmsg.length));
  const [tuple, id] = [entry.payload(CTA_TUPLE_ORIG), entry.get(CTA_ID)];
  if (id === undefined || tuple.length === 0) return undefined;
  return {
    family: nfgenmsg.nfgen_family.get(body),
    tuple: tuple.slice(),
    id: id.slice(),
    zone: entry.get(CTA_ZONE)?.slice(),
  };
}

/**
 * Deletes an entry. It fails with ENOENT if it is gone.
 *
 *     CTA_TUPLE_ORIG     without it, the kernel deletes every entry there is
 *     CTA_ZONE
 *     CTA_ID
 *
 * @throws RangeError if the entry has no tuple
 */
export function deleteEntry({ family: of, tuple, id, zone }: Entry): NetlinkRequest {
  if (tuple.length === 0) throw new RangeError('a connection without a tuple would be all of them');
  const verb = { type: IPCTNL_MSG_CT_DELETE, operation: 'delete' };
  return conntrackMessage(verb, of, 'a connection', (body) =>
    body.put(rawTuple, tuple).put(CTA_ZONE, zone).put(CTA_ID, id),
  );
}

/** Asks for the number of entries: it shows whether the kernel has ctnetlink (EINVAL if not), and changes nothing. */
export function getEntryCount(): NetlinkRequest {
  const verb = { type: IPCTNL_MSG_CT_GET_STATS, isQuery: true, operation: 'count' };
  return conntrackMessage(verb, NFPROTO_UNSPEC, 'connections');
}
