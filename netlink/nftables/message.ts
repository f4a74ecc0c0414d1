import { type Attribute, Attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest, Reply } from '../connection.ts';
import { NFT_MSG_GETGEN, NFTA_GEN_ID } from '../linux/nf_tables.ts';
import {
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_BRIDGE,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NFPROTO_UNSPEC,
  nfgenmsg,
} from '../linux/nfnetlink.ts';
import { MessageBody } from '../message-body.ts';

/** NFPROTO_*, linux/netfilter.h */
export const nfproto = {
  unspec: NFPROTO_UNSPEC,
  inet: NFPROTO_INET,
  ipv4: NFPROTO_IPV4,
  bridge: NFPROTO_BRIDGE,
  ipv6: NFPROTO_IPV6,
} as const;

/** A table, by its family and name. */
export interface Table {
  /** NFPROTO_* */
  readonly family: number;
  readonly name: string;
}

/** A named object in a table: a chain, a map. */
export interface Named {
  readonly table: Table;
  readonly name: string;
}

/** What a message does. */
export interface Verb {
  /** NFT_MSG_* */
  readonly type: number;
  /** NLM_F_*, besides NLM_F_REQUEST. */
  readonly flags?: number;
  /** As {@link NetlinkRequest} has it. */
  readonly isQuery?: boolean;
  /** For errors: `create nftables chain`. */
  readonly operation: string;
}

/** The attributes that name a message's table, and its object in the table. */
export interface Where {
  readonly table: Attribute<string>;
  readonly name: Attribute<string>;
}

const nothing = (): void => undefined;

/** The nlmsg_type of an NFT_MSG_*, with the subsystem in the upper byte. */
export function messageType(type: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | type;
}

/** The attributes of an nf_tables message, after its struct nfgenmsg. */
export function attributesOf(body: Uint8Array): Attributes {
  return new Attributes(body.subarray(nfgenmsg.length));
}

/**
 * An nf_tables message: struct nfgenmsg, then attributes.
 * @param family NFPROTO_*
 * @param object what it acts on, for errors: `nat PREROUTING`
 */
export function nftMessage(
  { type, flags = 0, isQuery = false, operation }: Verb,
  family: number,
  object: string,
  put: (body: MessageBody) => unknown = nothing,
): NetlinkRequest {
  const body = new MessageBody().struct(nfgenmsg).set(nfgenmsg.nfgen_family, family);
  put(body);
  return { type: messageType(type), flags, body: body.done(), isQuery, operation, object };
}

/** A message about an object in a table, beginning with both names. */
export function namedMessage(
  verb: Verb,
  where: Where,
  { table, name }: Named,
  put: (body: MessageBody) => unknown = nothing,
): NetlinkRequest {
  return nftMessage(verb, table.family, `${table.name} ${name}`, (body) => {
    put(body.put(where.table, table.name).put(where.name, name));
  });
}

/** The begin or the end of a transaction (an nfnetlink batch). */
function edge(type: number, generation?: number): NetlinkRequest {
  const body = new MessageBody()
    .struct(nfgenmsg)
    .set(nfgenmsg.res_id, NFNL_SUBSYS_NFTABLES)
    .put(NFNL_BATCH_GENID, generation);
  return { type, flags: 0, body: body.done(), operation: 'commit', object: 'nftables transaction' };
}

/**
 * Sends messages as one transaction: the kernel applies all or none.
 * @param generation if given, the kernel refuses with ERESTART if the ruleset has changed since
 * @throws NetlinkError the first refusal
 */
export function commit(
  connection: Connection,
  messages: readonly NetlinkRequest[],
  generation?: number,
): void {
  connection.transact([edge(NFNL_MSG_BATCH_BEGIN, generation), ...messages, edge(NFNL_MSG_BATCH_END)]);
}

/** Asks for the ruleset's generation, a number that changes with each transaction. */
export function getGeneration(): NetlinkRequest {
  const verb = { type: NFT_MSG_GETGEN, isQuery: true, operation: 'get generation of' };
  return nftMessage(verb, NFPROTO_UNSPEC, 'nftables ruleset');
}

/** The generation in a reply to {@link getGeneration}; 0 if it has none. */
export function generationOf(reply: Reply | undefined): number {
  const message = reply?.messages[0];
  return message === undefined ? 0 : attributesOf(message.body).get(NFTA_GEN_ID);
}
