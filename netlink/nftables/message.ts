import { attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest, Reply } from '../connection.ts';
import { flag } from '../message.ts';
import { MessageBody } from '../message-body.ts';

/** NFNL_SUBSYS_NFTABLES, linux/netfilter/nfnetlink.h */
const subsystem = 10;

/** NFT_MSG_*, linux/netfilter/nf_tables.h */
export const nftType = {
  newtable: 0,
  gettable: 1,
  deltable: 2,
  newchain: 3,
  getchain: 4,
  delchain: 5,
  newrule: 6,
  getrule: 7,
  delrule: 8,
  newset: 9,
  newsetelem: 12,
  getsetelem: 13,
  delsetelem: 14,
  getgen: 16,
} as const;

/** NFPROTO_*, linux/netfilter.h */
export const nfproto = { unspec: 0, inet: 1, ipv4: 2, bridge: 7, ipv6: 10 } as const;

/** NLM_F_* of requests that make something. */
export const create = flag.create;
/** The same, refused with EEXIST where it is there. */
export const createNew = flag.create | flag.exclusive;

/** A table: the family and the name that all within it are found by. */
export interface Table {
  readonly family: number;
  readonly name: string;
}

/** struct nfgenmsg, linux/netfilter/nfnetlink.h: family, version, and in network byte order the resource's number. */
function nfgenmsg(family: number, resource = 0): MessageBody {
  return new MessageBody(family | ((resource >> 8) << 16) | ((resource & 0xff) << 24));
}

/** What a message asks for. */
export interface Verb {
  /** NFT_MSG_* */
  readonly type: number;
  /** NLM_F_*, beyond NLM_F_REQUEST. */
  readonly flags?: number;
  /** In words, for its refusal: `create nftables chain`. */
  readonly operation: string;
}

/** The nlmsg_type of an NFT_MSG_*: the subsystem's number above it. */
export function messageType(type: number): number {
  return (subsystem << 8) | type;
}

/** A message of nf_tables. @param object what it is done to, in words: `nat PREROUTING` */
export function nftMessage(
  { type, flags = 0, operation }: Verb,
  family: number,
  object: string,
  put: (body: MessageBody) => unknown = () => undefined,
): NetlinkRequest {
  const body = nfgenmsg(family);
  put(body);
  return { type: messageType(type), flags, body: body.done(), operation, object };
}

/** What is found by its name within a table: a chain, a map. */
export interface Named {
  readonly table: Table;
  readonly name: string;
}

/** The attributes that say which table, and which object in it, a message is about. */
export interface Where {
  readonly table: number;
  readonly name: number;
}

/** A message about an object within a table. */
export function namedMessage(
  verb: Verb,
  where: Where,
  { table, name }: Named,
  put: (body: MessageBody) => unknown = () => undefined,
): NetlinkRequest {
  return nftMessage(verb, table.family, `${table.name} ${name}`, (body) => {
    put(body.text(where.table, table.name).text(where.name, name));
  });
}

/** NFNL_MSG_BATCH_BEGIN and _END. */
const batchType = { begin: 16, end: 17 } as const;
/** NFNL_BATCH_GENID */
const batchGeneration = 1;

/**
 * Sends messages as one transaction.
 * @param generation where given, the kernel refuses with ERESTART once the ruleset is another than that one
 * @throws NetlinkError
 */
export function commit(
  connection: Connection,
  messages: readonly NetlinkRequest[],
  generation?: number,
): void {
  const edge = (type: number, body: MessageBody): NetlinkRequest => ({
    type,
    flags: 0,
    body: body.done(),
    operation: 'commit',
    object: 'nftables transaction',
  });
  const begin = nfgenmsg(0, subsystem);
  if (generation !== undefined) begin.be32(batchGeneration, generation);
  const first = edge(batchType.begin, begin);
  connection.transact([first, ...messages, edge(batchType.end, nfgenmsg(0, subsystem))]);
}

/** Asks for the ruleset's generation (NFTA_GEN_ID). */
export function getGeneration(): NetlinkRequest {
  return nftMessage(
    { type: nftType.getgen, operation: 'get generation of' },
    nfproto.unspec,
    'nftables ruleset',
  );
}

/** The generation that a reply to {@link getGeneration} brought. */
export function generationOf(reply: Reply | undefined): number {
  return attributes(reply?.messages[0]?.body.subarray(4)).be32(1);
}
