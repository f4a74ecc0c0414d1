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

/**
 * A message of nf_tables.
 * @param verb in words, for its refusal, and what is done to it: `['create nftables chain', 'nat PREROUTING']`
 */
export function nftMessage(
  type: number,
  flags: number,
  table: Table,
  [operation, object]: readonly [operation: string, object: string],
  put: (body: MessageBody) => unknown = () => undefined,
): NetlinkRequest {
  const body = nfgenmsg(table.family);
  put(body);
  return { type: (subsystem << 8) | type, flags, body: body.done(), operation, object };
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
  const ruleset = { family: nfproto.unspec, name: '' };
  return nftMessage(nftType.getgen, 0, ruleset, ['get generation of', 'nftables ruleset']);
}

/** The generation that a reply to {@link getGeneration} brought. */
export function generationOf(reply: Reply | undefined): number {
  return attributes(reply?.messages[0]?.body.subarray(4)).be32(1);
}
