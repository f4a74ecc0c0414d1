import type { IPConfig } from '../../../cni/result.ts';
import { encodeText } from '../../../netlink/bytes.ts';
import type { NetlinkRequest } from '../../../netlink/connection.ts';
import type { Family } from '../../../netlink/ip.ts';
import type { Chain } from '../../../netlink/nftables/chain.ts';
import {
  connection,
  connectionIs,
  counter,
  xtComment,
  xtConnection,
} from '../../../netlink/nftables/conntrack.ts';
import {
  type Expression,
  equals,
  immediate,
  meta,
  metaKey,
  paddedName,
  verdictCode,
} from '../../../netlink/nftables/expression.ts';
import { nfproto } from '../../../netlink/nftables/message.ts';
import { newRule } from '../../../netlink/nftables/rule.ts';
import { abbreviate } from '../../attach/owner.ts';
import { gatewayLinkOf } from '../../attach/vlan-gateway.ts';
import type { BridgeConfig } from '../../config/bridge-config.ts';
import { bothFamilies } from '../masquerade/own-table.ts';
import type { Rule } from './place.ts';

/** What a network's rules accept. */
export interface Forwarded {
  readonly network: string;
  readonly bridge: string;
  /** The link that routed packets of the containers come in on: the bridge, or its VLAN's gateway. */
  readonly link: string;
  readonly families: readonly Family[];
}

/**
 * What a network's rules accept.
 * @param ips addresses of a container; none at layer 2, where nobody knows what the containers speak
 */
export function forwardedOf(config: BridgeConfig, ips: readonly Pick<IPConfig, 'address'>[]): Forwarded {
  const { name: network, bridge } = config;
  const used = new Set(ips.map(({ address }) => address.ip.family));
  const families = bothFamilies.filter((of) => ips.length === 0 || used.has(of));
  return { network, bridge, link: gatewayLinkOf(config), families };
}

/** The comment of a network's rules; that of some goes on after a space. */
function commentOf(network: string): string {
  return `cni-bridge forward ${abbreviate(network, 200)}`;
}

/** Whether a comment is that of a network's rule. */
export function isCommentOf(network: string, comment: string): boolean {
  const own = commentOf(network);
  return comment === own || comment.startsWith(`${own} `);
}

/** A rule that accepts what comes in on one link and goes out on another, empty for any. */
export interface Accepting extends Omit<Rule, 'verdict'> {
  /** Which connections it is for; undefined for all. */
  readonly when: keyof typeof connectionIs | undefined;
}

/**
 * The rules of a network: all that its containers send, the answers to it, and what comes by a port that is published
 * for them. With bridge-nf-call-iptables what containers send each other comes by, too; with a VLAN's gateway not by the
 * link of what is routed.
 */
export function rulesFor({ network, bridge, link }: Forwarded): Accepting[] {
  const comment = commentOf(network);
  const rules: Accepting[] = [
    { comment, iifname: link, oifname: '', when: undefined },
    { comment, iifname: '', oifname: link, when: 'established' },
    { comment: `${comment} ports`, iifname: '', oifname: link, when: 'translated' },
  ];
  if (link !== bridge) rules.push({ comment, iifname: bridge, oifname: bridge, when: undefined });
  return rules;
}

/** Whether a rule is this one. */
export function isSame(rule: Rule, { comment, iifname, oifname }: Accepting): boolean {
  return rule.comment === comment && rule.iifname === iifname && rule.oifname === oifname;
}

/** The chains of iptables' tables at the forward hook. */
const iptablesChains = new Set(['filter FORWARD', 'mangle FORWARD', 'security FORWARD']);

/** Whether a base chain is one of iptables-nft's, which can list no rules but those that it would make itself. */
export function isIptables({ table, name }: Chain): boolean {
  const isOfFamily = table.family === nfproto.ipv4 || table.family === nfproto.ipv6;
  return isOfFamily && iptablesChains.has(`${table.name} ${name}`);
}

/** The name in as many bytes as the program that made the table would compare: with its NUL, or all of them. */
function named(key: number, name: string, isByIptables: boolean): Expression[] {
  if (name === '') return [];
  return [meta(key), equals(isByIptables ? encodeText(`${name}\0`) : paddedName(name))];
}

/**
 * The message that adds a rule.
 * @param before the handle of the rule that it comes before; undefined for the chain's end
 */
export function acceptMessage(
  chain: Chain,
  { comment, iifname, oifname, when }: Accepting,
  isByIptables: boolean,
  before: Uint8Array | undefined,
): NetlinkRequest {
  const links = [
    ...named(metaKey.iifname, iifname, isByIptables),
    ...named(metaKey.oifname, oifname, isByIptables),
  ];
  const condition = when === undefined ? undefined : connectionIs[when];
  const accept = immediate(verdictCode.accept);
  if (!isByIptables) {
    return newRule(
      chain,
      [...links, ...(condition === undefined ? [] : connection(condition)), accept],
      comment,
      before,
    );
  }
  const matches = [...(condition === undefined ? [] : [xtConnection(condition)]), xtComment(comment)];
  return newRule(chain, [...links, ...matches, counter(), accept], undefined, before);
}
