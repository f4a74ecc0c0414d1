import { Attributes, attributeList } from '../attribute.ts';
import { textAt } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import { NLM_F_APPEND, NLM_F_CREATE } from '../linux/netlink.ts';
import {
  NFT_META_IIFNAME,
  NFT_MSG_DELRULE,
  NFT_MSG_GETRULE,
  NFT_MSG_NEWRULE,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFTA_CMP_DATA,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_IMMEDIATE_DATA,
  NFTA_MATCH_INFO,
  NFTA_MATCH_NAME,
  NFTA_META_KEY,
  NFTA_PAYLOAD_BASE,
  NFTA_PAYLOAD_OFFSET,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_HANDLE,
  NFTA_RULE_POSITION,
  NFTA_RULE_TABLE,
  NFTA_RULE_USERDATA,
  NFTA_VERDICT_CHAIN,
} from '../linux/nf_tables.ts';
import { NFPROTO_IPV4, NFPROTO_IPV6, nfgenmsg } from '../linux/nfnetlink.ts';
import type { Message } from '../message.ts';
import type { Chain } from './chain.ts';
import type { Expression } from './expression.ts';
import { attributesOf, namedMessage, type Table } from './message.ts';

const where = { table: NFTA_RULE_TABLE, name: NFTA_RULE_CHAIN } as const;

/**
 * Adds a rule to a chain, at its end if `before`, the handle of another rule, is undefined.
 *
 *     NFTA_RULE_TABLE
 *     NFTA_RULE_CHAIN
 *     NFTA_RULE_EXPRESSIONS
 *       NFTA_LIST_ELEM...      for each expression
 *         NFTA_EXPR_NAME       payload
 *         NFTA_EXPR_DATA
 *           NFTA_PAYLOAD_*
 *     NFTA_RULE_POSITION       `before`
 *     NFTA_RULE_USERDATA       the comment
 *
 * @example
 * // nft add rule ip nat POSTROUTING ip saddr 10.15.20.2 masquerade
 * const nat = { family: nfproto.ipv4, name: 'nat' };
 * newRule({ table: nat, name: 'POSTROUTING' }, [
 *   payload(payloadBase.network, 12, 4),
 *   equals(Uint8Array.of(10, 15, 20, 2)),
 *   masquerade(),
 * ]);
 */
export function newRule(
  chain: Chain,
  expressions: readonly Expression[],
  comment?: string,
  before?: Uint8Array,
): NetlinkRequest {
  const flags = before === undefined ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE;
  const verb = { type: NFT_MSG_NEWRULE, flags, operation: 'add nftables rule to' };
  return namedMessage(verb, where, chain, (body) => {
    body
      .nested(NFTA_RULE_EXPRESSIONS, () => {
        for (const put of expressions) put(body);
      })
      .put(NFTA_RULE_POSITION, before)
      .put(NFTA_RULE_USERDATA, comment);
  });
}

/** Dumps the rules of a chain. */
export function listRules(chain: Chain): NetlinkRequest {
  return namedMessage({ type: NFT_MSG_GETRULE, operation: 'list nftables rules of' }, where, chain);
}

/** Deletes every rule of a chain; having none is not an error. */
export function flushChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: NFT_MSG_DELRULE, operation: 'flush nftables chain' }, where, chain);
}

/** Deletes a rule by the handle that the kernel gave it. */
export function deleteRule(
  table: Table,
  { chain, handle }: Pick<LiveRule, 'chain' | 'handle'>,
): NetlinkRequest {
  const verb = { type: NFT_MSG_DELRULE, operation: 'delete nftables rule from' };
  return namedMessage(verb, where, { table, name: chain }, (body) => body.put(NFTA_RULE_HANDLE, handle));
}

/** What shows who owns a rule. */
export interface LiveRule {
  readonly chain: string;
  /** NFTA_RULE_HANDLE, 8 bytes. */
  readonly handle: Uint8Array;
  /** The nft command's comment, or that of iptables' match; empty if there is none. */
  readonly comment: string;
  /** The chain that its verdict leads to; empty if there is none. */
  readonly target: string;
  /** The link that a packet must come in on; empty for any. */
  readonly iifname: string;
  /** The bytes that a packet's IP source must begin with; undefined if the rule doesn't check it. */
  readonly source: Uint8Array | undefined;
}

/** The source address's offset in the network header, in bytes. */
const sourceOffsets: Readonly<Record<number, number>> = { [NFPROTO_IPV4]: 12, [NFPROTO_IPV6]: 8 };

/** The part of a {@link LiveRule} from its expressions; `comment` only if iptables wrote one. */
type Conditions = Pick<LiveRule, 'target' | 'iifname' | 'source'> & { readonly comment?: string };

/** What an expression loads into the register, if it matters here. */
function loadedBy(name: string, data: Attributes, sourceOffset: number | undefined): string {
  if (name === 'meta') return data.get(NFTA_META_KEY) === NFT_META_IIFNAME ? 'iifname' : '';
  const ofNetwork = data.get(NFTA_PAYLOAD_BASE) === NFT_PAYLOAD_NETWORK_HEADER;
  return ofNetwork && data.get(NFTA_PAYLOAD_OFFSET) === sourceOffset ? 'source' : '';
}

function readExpressions(list: Uint8Array, family: number): Conditions {
  let conditions: Conditions = { target: '', iifname: '', source: undefined };
  let loaded = '';
  for (const [, bytes] of attributeList(list)) {
    const expression = new Attributes(bytes);
    const name = expression.get(NFTA_EXPR_NAME);
    const data = expression.nested(NFTA_EXPR_DATA);
    if (name === 'meta' || name === 'payload') loaded = loadedBy(name, data, sourceOffsets[family]);
    else if (name === 'cmp') {
      const value = data.nested(NFTA_CMP_DATA).get(NFTA_DATA_VALUE);
      if (loaded === 'iifname')
        conditions = { ...conditions, iifname: value === undefined ? '' : textAt(value, 0, value.length) };
      else if (loaded === 'source') conditions = { ...conditions, source: value?.slice() };
    } else if (name === 'immediate') {
      const verdict = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT);
      conditions = { ...conditions, target: verdict.get(NFTA_VERDICT_CHAIN) };
    } else if (name === 'match' && data.get(NFTA_MATCH_NAME) === 'comment') {
      conditions = { ...conditions, comment: data.get(NFTA_MATCH_INFO) };
    }
  }
  return conditions;
}

/** Decodes an NFT_MSG_NEWRULE message. */
export function decodeRule({ body }: Pick<Message, 'body'>): LiveRule {
  const rule = attributesOf(body);
  return {
    chain: rule.get(NFTA_RULE_CHAIN),
    handle: rule.get(NFTA_RULE_HANDLE)?.slice() ?? new Uint8Array(),
    comment: rule.get(NFTA_RULE_USERDATA),
    ...readExpressions(rule.payload(NFTA_RULE_EXPRESSIONS), nfgenmsg.nfgen_family.get(body)),
  };
}
