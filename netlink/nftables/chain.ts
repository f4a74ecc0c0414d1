import { attributes } from '../attribute.ts';
import type { NetlinkRequest, Reply } from '../connection.ts';
import type { Message } from '../message.ts';
import { verdictCode } from './expression.ts';
import { createNew, type Named, namedMessage, nftMessage, nftType, type Table } from './message.ts';

/** Where a base chain is hooked: NF_INET_*, its type, and its priority (lower runs first). */
export interface Hook {
  readonly type: 'nat' | 'filter';
  readonly number: number;
  readonly priority: number;
}

/** NF_INET_* (and NF_BR_*, alike), linux/netfilter.h */
export const hookNumber = { prerouting: 0, postrouting: 4 } as const;

/** NFTA_CHAIN_*, linux/netfilter/nf_tables.h */
const nfta = { table: 1, name: 3, hook: 4, policy: 5, use: 6, type: 7 } as const;
/** NFTA_HOOK_* */
const nftaHook = { number: 1, priority: 2 } as const;

/** A chain, whether it is there or not. */
export type Chain = Named;

/** Makes a chain; EEXIST where it is there. */
export function newChain(chain: Chain, hook?: Hook): NetlinkRequest {
  const verb = { type: nftType.newchain, flags: createNew, operation: 'create nftables chain' };
  return namedMessage(verb, nfta, chain, (body) => {
    if (hook === undefined) return;
    body.nested(nfta.hook, () => {
      body.be32(nftaHook.number, hook.number).be32(nftaHook.priority, hook.priority);
    });
    body.text(nfta.type, hook.type);
  });
}

/** Asks for a chain. */
export function getChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: nftType.getchain, operation: 'get nftables chain' }, nfta, chain);
}

/** Deletes a chain; EBUSY where something still leads to it. */
export function deleteChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: nftType.delchain, operation: 'delete nftables chain' }, nfta, chain);
}

/** Asks for every chain of the table's family, to be dumped. */
export function listChains({ family }: Pick<Table, 'family'>): NetlinkRequest {
  const verb = { type: nftType.getchain, operation: 'list nftables chains of family' };
  return nftMessage(verb, family, String(family));
}

/** What of a chain tells whether it is in use. */
export interface LiveChain {
  readonly table: string;
  readonly name: string;
  /** The rules that are in it, and what leads to it. */
  readonly use: number;
  /** Whether what no rule decides on goes on its way; so it does where the chain is no base chain. */
  readonly accepts: boolean;
}

/** Reads an NFT_MSG_NEWCHAIN message. */
export function decodeChain({ body }: Pick<Message, 'body'>): LiveChain {
  const chain = attributes(body.subarray(4));
  return {
    table: chain.text(nfta.table),
    name: chain.text(nfta.name),
    use: chain.be32(nfta.use),
    accepts: !chain.has(nfta.policy) || chain.be32(nfta.policy) === verdictCode.accept,
  };
}

/** The chain that a reply to {@link getChain} brought; undefined where there is none. */
export function chainOf(reply: Reply | undefined): LiveChain | undefined {
  return reply?.messages.map(decodeChain)[0];
}
