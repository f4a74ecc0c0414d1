import { Attributes, attributeList } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import {
  NF_ACCEPT,
  NF_DROP,
  NFT_MSG_GETRULE,
  NFT_MSG_GETSET,
  NFTA_CHAIN_HOOK,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_HOOK_HOOKNUM,
  NFTA_IMMEDIATE_DATA,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_TABLE,
  NFTA_SET_NAME,
  NFTA_SET_TABLE,
  NFTA_TARGET_NAME,
  NFTA_VERDICT_CODE,
} from '../linux/nf_tables.ts';
import { NF_INET_FORWARD } from '../linux/nfnetlink.ts';
import type { Message } from '../message.ts';
import { decodeChain, listChains } from './chain.ts';
import { listElements } from './map.ts';
import { attributesOf, nftMessage, type Table } from './message.ts';

/** A base chain that packets pass on their way from one link to another, and that drops what no rule decides on. */
export interface DroppingChain {
  readonly table: Table;
  readonly name: string;
  /** All rules of the table and all elements of its sets as the kernel tells them, each byte a character. */
  readonly contents: string;
}

/** What becomes of every packet that comes to a rule; undefined where that depends. */
function verdictForAll(rule: Attributes): 'accept' | 'drop' | undefined {
  for (const [, bytes] of attributeList(rule.payload(NFTA_RULE_EXPRESSIONS))) {
    const expression = new Attributes(bytes);
    const name = expression.get(NFTA_EXPR_NAME);
    const data = expression.nested(NFTA_EXPR_DATA);
    if (name === 'reject') return 'drop';
    if (name === 'target') return data.get(NFTA_TARGET_NAME) === 'REJECT' ? 'drop' : undefined;
    if (name === 'immediate') {
      const code = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT).get(NFTA_VERDICT_CODE);
      if (code === NF_ACCEPT) return 'accept';
      return code === NF_DROP ? 'drop' : undefined;
    }
    if (name !== 'counter' && name !== 'log') return undefined;
  }
  return undefined;
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
  const verdict = own.map(verdictForAll).find((one) => one !== undefined) ?? (accepts ? 'accept' : 'drop');
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
 * The base chains of a family at the forward hook that drop what none of their rules decides on, by their policy or by
 * a rule without a condition.
 * @param family NFPROTO_*
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function listDroppingChains(connection: Connection, family: number): DroppingChain[] {
  const chains = connection.collect(listChains({ family }), (message) => {
    const hook = attributesOf(message.body).nested(NFTA_CHAIN_HOOK);
    const isForward = hook.has(NFTA_HOOK_HOOKNUM) && hook.get(NFTA_HOOK_HOOKNUM) === NF_INET_FORWARD;
    return isForward ? decodeChain(message) : undefined;
  });
  return chains.flatMap(({ table, name, accepts }) =>
    look(connection, { family, name: table }, name, accepts),
  );
}
