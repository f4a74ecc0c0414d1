import type { NetlinkRequest, Reply } from '../connection.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import {
  NF_ACCEPT,
  NFT_MSG_DELCHAIN,
  NFT_MSG_GETCHAIN,
  NFT_MSG_NEWCHAIN,
  NFTA_CHAIN_HOOK,
  NFTA_CHAIN_NAME,
  NFTA_CHAIN_POLICY,
  NFTA_CHAIN_TABLE,
  NFTA_CHAIN_TYPE,
  NFTA_CHAIN_USE,
  NFTA_HOOK_HOOKNUM,
  NFTA_HOOK_PRIORITY,
} from '../linux/nf_tables.ts';
import { NF_INET_POST_ROUTING, NF_INET_PRE_ROUTING } from '../linux/nfnetlink.ts';
import type { Message } from '../message.ts';
import { attributesOf, type Named, namedMessage, nftMessage, type Table } from './message.ts';

/** A chain, whether it is there or not. */
export type Chain = Named;

/** Where a base chain is hooked. */
export interface Hook {
  readonly type: 'nat' | 'filter';
  /** One of {@link hookNumber}. */
  readonly number: number;
  /** The lower runs first. */
  readonly priority: number;
}

/** NF_INET_*, and NF_BR_* of the same names */
export const hookNumber = { prerouting: NF_INET_PRE_ROUTING, postrouting: NF_INET_POST_ROUTING } as const;

const where = { table: NFTA_CHAIN_TABLE, name: NFTA_CHAIN_NAME } as const;

/**
 * Makes a chain. It fails with EEXIST where it is there.
 *
 *     NFTA_CHAIN_TABLE
 *     NFTA_CHAIN_NAME
 *     NFTA_CHAIN_HOOK           of a base chain alone
 *       NFTA_HOOK_HOOKNUM
 *       NFTA_HOOK_PRIORITY
 *     NFTA_CHAIN_TYPE           of a base chain alone
 */
export function newChain(chain: Chain, hook?: Hook): NetlinkRequest {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  const verb = { type: NFT_MSG_NEWCHAIN, flags, operation: 'create nftables chain' };
  return namedMessage(verb, where, chain, (body) => {
    if (hook === undefined) return;
    body
      .nested(NFTA_CHAIN_HOOK, () => {
        body.put(NFTA_HOOK_HOOKNUM, hook.number).put(NFTA_HOOK_PRIORITY, hook.priority);
      })
      .put(NFTA_CHAIN_TYPE, hook.type);
  });
}

/** Asks for a chain: {@link chainOf}. It fails with ENOENT where there is none. */
export function getChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: NFT_MSG_GETCHAIN, operation: 'get nftables chain' }, where, chain);
}

/** Deletes a chain. It fails with EBUSY where something still leads to it. */
export function deleteChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: NFT_MSG_DELCHAIN, operation: 'delete nftables chain' }, where, chain);
}

/** Asks for every chain of a family, to be dumped. */
export function listChains({ family }: Pick<Table, 'family'>): NetlinkRequest {
  const verb = { type: NFT_MSG_GETCHAIN, operation: 'list nftables chains of family' };
  return nftMessage(verb, family, String(family));
}

/** What of a chain tells whether it is in use. */
export interface LiveChain {
  readonly table: string;
  readonly name: string;
  /** The rules that are in it, and what leads to it. */
  readonly use: number;
  /** Whether what no rule decides on goes on its way: not so where a base chain's policy is to drop it. */
  readonly accepts: boolean;
}

/** Reads an NFT_MSG_NEWCHAIN message. */
export function decodeChain({ body }: Pick<Message, 'body'>): LiveChain {
  const chain = attributesOf(body);
  return {
    table: chain.get(NFTA_CHAIN_TABLE),
    name: chain.get(NFTA_CHAIN_NAME),
    use: chain.get(NFTA_CHAIN_USE),
    accepts: !chain.has(NFTA_CHAIN_POLICY) || chain.get(NFTA_CHAIN_POLICY) === NF_ACCEPT,
  };
}

/** The chain that a reply to {@link getChain} brought; undefined where there is none. */
export function chainOf(reply: Reply | undefined): LiveChain | undefined {
  return reply?.messages.map(decodeChain)[0];
}

/** How often a chain is used, as {@link LiveChain} has it; undefined where a reply to {@link getChain} brought none. */
export function chainUseOf(reply: Reply | undefined): number | undefined {
  const message = reply?.messages[0];
  return message && attributesOf(message.body).get(NFTA_CHAIN_USE);
}
