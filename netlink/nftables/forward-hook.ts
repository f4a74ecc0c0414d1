import type { Connection } from '../connection.ts';
import {
  NFT_MSG_GETRULE,
  NFT_MSG_GETSET,
  NFTA_CHAIN_HOOK,
  NFTA_HOOK_HOOKNUM,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_TABLE,
  NFTA_SET_NAME,
  NFTA_SET_TABLE,
} from '../linux/nf_tables.ts';
import { NF_INET_FORWARD } from '../linux/nfnetlink.ts';
import type { Message } from '../message.ts';
import { decodeChain, type LiveChain, listChains } from './chain.ts';
import { listElements } from './map.ts';
import { attributesOf, nftMessage, type Table } from './message.ts';
import { verdictForAll } from './verdict.ts';

/** A base chain that packets pass on their way from one link to another, and that drops what no rule decides on. */
export interface DroppingChain {
  readonly table: Table;
  readonly name: string;
  /** All rules of the table and all elements of its sets as the kernel tells them, each byte a character. */
  readonly contents: string;
}

function characters({ body }: Pick<Message, 'body'>): string {
  return Array.from(body, (byte) => String.fromCharCode(byte)).join('');
}

function look(connection: Connection, table: Table, chain: string, accepts: boolean): DroppingChain[] {
  const { family, name } = table;
  const rules = connection.dump(
    nftMessage({ type: NFT_MSG_GETRULE, operation: 'list nftables rules of' }, family, name, (body) =>
      body.put(NFTA_RULE_TABLE, name),
    ),
  );
  const own = rules
    .map(({ body }) => attributesOf(body))
    .filter((rule) => rule.get(NFTA_RULE_CHAIN) === chain);
  const verdicts = own.map((rule) => verdictForAll(rule.payload(NFTA_RULE_EXPRESSIONS)));
  const verdict = verdicts.find((one) => one === 'accept' || one === 'drop') ?? (accepts ? 'accept' : 'drop');
  if (verdict === 'accept') return [];
  const sets = connection.collect(
    nftMessage({ type: NFT_MSG_GETSET, operation: 'list nftables sets of' }, family, name, (body) =>
      body.put(NFTA_SET_TABLE, name),
    ),
    ({ body }) => attributesOf(body).get(NFTA_SET_NAME),
  );
  const elements = sets.flatMap((set) => connection.dump(listElements({ table, name: set })));
  return [{ table, name: chain, contents: [...rules, ...elements].map(characters).join('') }];
}

/**
 * The base chains of a family at the forward hook.
 * @param family NFPROTO_*
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function listForwardChains(connection: Connection, family: number): LiveChain[] {
  return connection.collect(listChains({ family }), (message) => {
    const hook = attributesOf(message.body).nested(NFTA_CHAIN_HOOK);
    const isForward = hook.has(NFTA_HOOK_HOOKNUM) && hook.get(NFTA_HOOK_HOOKNUM) === NF_INET_FORWARD;
    return isForward ? decodeChain(message) : undefined;
  });
}

/**
 * Those of them that drop what none of their rules decides on, by their policy or by a rule without a condition.
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function listDroppingChains(connection: Connection, family: number): DroppingChain[] {
  return listForwardChains(connection, family).flatMap(({ table, name, accepts }) =>
    look(connection, { family, name: table }, name, accepts),
  );
}
