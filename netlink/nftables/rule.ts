import { attribute, attributeList, attributes, nested } from '../attribute.ts';
import { concat, readText, text } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import { flag, type Message } from '../message.ts';
import { type Expression, metaKey, payloadBase } from './expression.ts';
import { create, nftMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** Appends a rule. */
export function newRule(
  table: Table,
  chain: string,
  expressions: Expression[],
  comment?: string,
): NetlinkRequest {
  return nftMessage(
    nftType.newrule,
    create | flag.append,
    table,
    [
      attribute(1, text(table.name)),
      attribute(2, text(chain)),
      nested(4, concat(expressions)),
      ...(comment === undefined ? [] : [attribute(7, commentUserdata(comment))]),
    ],
    'add nftables rule to',
    `${table.name} ${chain}`,
  );
}

/** Asks for the rules of a chain, to be dumped. */
export function listRules(table: Table, chain: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(chain))];
  return nftMessage(nftType.getrule, 0, table, attrs, 'list nftables rules of', `${table.name} ${chain}`);
}

/** Deletes every rule of a chain; none is no error. */
export function flushChain(table: Table, chain: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(chain))];
  return nftMessage(nftType.delrule, 0, table, attrs, 'flush nftables chain', `${table.name} ${chain}`);
}

/** Deletes a rule by its handle, as the kernel gave it. */
export function deleteRule(table: Table, { chain, handle }: Pick<Rule, 'chain' | 'handle'>): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(chain)), attribute(3, handle)];
  return nftMessage(nftType.delrule, 0, table, attrs, 'delete nftables rule from', `${table.name} ${chain}`);
}

/** What of a rule tells whose it is. */
export interface Rule {
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
export function decodeRule({ body }: Pick<Message, 'body'>): Rule {
  const rule = attributes(body.subarray(4));
  let comment = readComment(rule.get(7));
  let [target, iifname] = ['', ''];
  let source: Uint8Array | undefined;
  /** What the register was last loaded with. */
  let loaded: 'iifname' | 'source' | undefined;
  for (const [, bytes] of attributeList(rule.get(4) ?? new Uint8Array())) {
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
  const handle = rule.get(3)?.slice() ?? new Uint8Array();
  return { chain: rule.text(2), handle, comment, target, iifname, source };
}
