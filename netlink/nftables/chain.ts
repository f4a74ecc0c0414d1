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
import { NF_INET_FORWARD, NF_INET_POST_ROUTING, NF_INET_PRE_ROUTING } from '../linux/nfnetlink.ts';
import type { Message } from '../message.ts';
import { attributesOf, type Named, namedMessage, nftMessage, type Table } from './message.ts';

/** A chain's description, whether it exists or not. */
export type Chain = Named;

/** Where a base chain is hooked. */
export interface Hook {
  readonly type: 'nat' | 'filter';
  /** One of {@link hookNumber}. */
  readonly number: number;
  /** Lower runs first. */
  readonly priority: number;
}

/** NF_INET_*, and NF_BR_* of the same names */
export const hookNumber = {
  prerouting: NF_INET_PRE_ROUTING,
  forward: NF_INET_FORWARD,
  postrouting: NF_INET_POST_ROUTING,
} as const;

const where = { table: NFTA_CHAIN_TABLE, name: NFTA_CHAIN_NAME } as const;

/**
 * Creates a chain. It fails with EEXIST if it exists.
 *
 *     NFTA_CHAIN_TABLE
 *     NFTA_CHAIN_NAME
 *     NFTA_CHAIN_HOOK           only of a base chain
 *       NFTA_HOOK_HOOKNUM
 *       NFTA_HOOK_PRIORITY
 *     NFTA_CHAIN_TYPE           only of a base chain
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

/** Asks for a chain: {@link chainOf}. It fails with ENOENT if there is none. */
export function getChain(chain: Chain): NetlinkRequest {
  return namedMessage(
    { type: NFT_MSG_GETCHAIN, isQuery: true, operation: 'get nftables chain' },
    where,
    chain,
  );
}

/** Deletes a chain. It fails with EBUSY if it is still in use. */
export function deleteChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: NFT_MSG_DELCHAIN, operation: 'delete nftables chain' }, where, chain);
}

/** Dumps every chain of a family. */
export function listChains({ family }: Pick<Table, 'family'>): NetlinkRequest {
  const verb = { type: NFT_MSG_GETCHAIN, operation: 'list nftables chains of family' };
  return nftMessage(verb, family, String(family));
}

/** What shows whether a chain is in use. */
export interface LiveChain {
  readonly table: string;
  readonly name: string;
  /** The number of its rules, and of references to it. */
  readonly use: number;
  /** Whether packets that no rule decides on pass: not if a base chain's policy is drop. */
  readonly accepts: boolean;
}

/** Decodes an NFT_MSG_NEWCHAIN message. */
export function decodeChain({ body }: Pick<Message, 'body'>): LiveChain {
  const chain = attributesOf(body);
  return {
    table: chain.get(NFTA_CHAIN_TABLE),
    name: chain.get(NFTA_CHAIN_NAME),
    use: chain.get(NFTA_CHAIN_USE),
    accepts: !chain.has(NFTA_CHAIN_POLICY) || chain.get(NFTA_CHAIN_POLICY) === NF_ACCEPT,
  };
}

/** The chain in a reply to {@link getChain}; undefined if there is none. */
export function chainOf(reply: Reply | undefined): LiveChain | undefined {
  return reply?.messages.map(decodeChain)[0];
}

/** A chain's uses, as in {@link LiveChain}, from a reply to {@link getChain}; undefined if there is no chain. */
export function chainUseOf(reply: Reply | undefined): number | undefined {
  const message = reply?.messages[0];
  return message && attributesOf(message.body).get(NFTA_CHAIN_USE);
}
