import { attributeList, attributes, nestedFlag } from '../attribute.ts';
import { concat, readText } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import { flag, type Message } from '../message.ts';
import type { Chain } from './chain.ts';
import { type Expression, metaKey, payloadBase } from './expression.ts';
import { create, namedMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** NFTA_RULE_*, linux/netfilter/nf_tables.h */
const nfta = { table: 1, chain: 2, handle: 3, expressions: 4, userdata: 7 } as const;

/** What says which chain a rule is of. */
const where = { table: nfta.table, name: nfta.chain } as const;

/** Appends a rule. */
export function newRule(chain: Chain, expressions: Expression[], comment?: string): NetlinkRequest {
  const verb = { type: nftType.newrule, flags: create | flag.append, operation: 'add nftables rule to' };
  return namedMessage(verb, where, chain, (body) => {
    body.bytes(nfta.expressions | nestedFlag, concat(expressions));
    if (comment !== undefined) body.bytes(nfta.userdata, commentUserdata(comment));
  });
}

/** Asks for the rules of a chain, to be dumped. */
export function listRules(chain: Chain): NetlinkRequest {
  return namedMessage({ type: nftType.getrule, operation: 'list nftables rules of' }, where, chain);
}

/** Deletes every rule of a chain; none is no error. */
export function flushChain(chain: Chain): NetlinkRequest {
  return namedMessage({ type: nftType.delrule, operation: 'flush nftables chain' }, where, chain);
}

/** Deletes a rule by its handle, as the kernel gave it. */
export function deleteRule(
  table: Table,
  { chain, handle }: Pick<LiveRule, 'chain' | 'handle'>,
): NetlinkRequest {
  const verb = { type: nftType.delrule, operation: 'delete nftables rule from' };
  return namedMessage(verb, where, { table, name: chain }, (body) => body.bytes(nfta.handle, handle));
}

/** What of a rule tells whose it is. */
export interface LiveRule {
  readonly chain: string;
  /** NFTA_RULE_HANDLE, 8 bytes. */
  readonly handle: Uint8Array;
  /** The comment of the nft command, or that of iptables' match; empty where there is none. */
  readonly comment: string;
  /** The chain that its verdict leads to; empty where it leads to none. */
  readonly target: string;
  /** The link that a packet has to come in by; empty where any will do. */
  readonly iifname: string;
  /** The bytes that a packet's IP source has to begin with, undefined where the rule looks at none. */
  readonly source: Uint8Array | undefined;
}

/** Where the source address stands in the network header, by the table's NFPROTO_*. */
const sourceOffsets: Readonly<Record<number, number>> = { 2: 12, 10: 8 };

/** Reads an NFT_MSG_NEWRULE message. */
export function decodeRule({ body }: Pick<Message, 'body'>): LiveRule {
  const rule = attributes(body.subarray(4));
  let comment = readComment(rule.get(nfta.userdata));
  let [target, iifname] = ['', ''];
  let source: Uint8Array | undefined;
  /** What the register was last loaded with. */
  let loaded: 'iifname' | 'source' | undefined;
  for (const [, bytes] of attributeList(rule.get(nfta.expressions) ?? new Uint8Array())) {
    const expression = attributes(bytes);
    const data = expression.nested(2);
    const name = expression.text(1);
    if (name === 'meta') loaded = data.be32(2) === metaKey.iifname ? 'iifname' : undefined;
    else if (name === 'payload') {
      const ofSource = data.be32(2) === payloadBase.network && data.be32(3) === sourceOffsets[body[0] ?? 0];
      loaded = ofSource ? 'source' : undefined;
    } else if (name === 'cmp') {
      const value = data.nested(3).get(1);
      if (loaded === 'iifname') iifname = readText(value);
      else if (loaded === 'source') source = value?.slice();
    } else if (name === 'immediate') target = data.nested(2).nested(2).text(2);
    else if (name === 'match' && data.text(1) === 'comment') comment = data.text(3);
  }
  const handle = rule.get(nfta.handle)?.slice() ?? new Uint8Array();
  return { chain: rule.text(nfta.chain), handle, comment, target, iifname, source };
}
