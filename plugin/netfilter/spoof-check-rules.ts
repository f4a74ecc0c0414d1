import type { Attachment } from '../../cni/attachment.ts';
import type { NetlinkRequest } from '../../netlink/connection.ts';
import { macBytes } from '../../netlink/mac.ts';
import { type Chain, hookNumber, newChain } from '../../netlink/nftables/chain.ts';
import {
  type Expression,
  equals,
  immediate,
  meta,
  metaKey,
  paddedName,
  payload,
  payloadBase,
  verdictCode,
} from '../../netlink/nftables/expression.ts';
import { nfproto, type Table } from '../../netlink/nftables/message.ts';
import { newRule } from '../../netlink/nftables/rule.ts';
import { newTable } from '../../netlink/nftables/table.ts';
import { abbreviate } from '../attach/owner.ts';

// The names are those of the Go plugin, so that each plugin can remove what the other made.

/** The table for spoof checks. ebtables uses the same table and base chain. */
export const spoofTable: Table = { family: nfproto.bridge, name: 'nat' };
export const spoofBaseChain: Chain = { table: spoofTable, name: 'PREROUTING' };
/** NF_BR_PRI_NAT_DST_BRIDGED */
const bridgedNatPriority = -300;

/** The prefixes of all attachments' chain names, and of their rules' comments. */
export const spoofPrefix = {
  chain: 'cni-br-iface-',
  comment: 'macspoofchk-',
  ipComment: 'ipspoofchk-',
} as const;

const ipSuffix = '/ip';

/** The comment of a table that is ours to delete: the Go plugin and ebtables set none. */
export const madeHere = 'made by the CNI bridge plugin for macspoofchk';
/** Leaves room for the rest of a comment and of a chain's name, which has at most 255 bytes. */
const longestContainerID = 222;
/** Offset and length of the source in an Ethernet header. */
const sourceMac = { offset: 6, length: 6 } as const;

/** The names of an attachment's chains, and the comments on its rules. */
export interface SpoofCheckNames {
  /** Frames from its port go here, */
  readonly chain: string;
  /** and then to the rules for their source address. */
  readonly macChain: string;
  /** or, for their IP addresses, to these. */
  readonly ipChain: string;
  /** The comment on its jump from the base chain, and on the rules for its MAC address. */
  readonly comment: string;
  /** The comment on the rules for IP addresses. */
  readonly ipComment: string;
}

/** The names of an attachment's spoof check. */
export function spoofCheckNames({ containerID, ifname }: Omit<Attachment, 'network'>): SpoofCheckNames {
  const id = `${abbreviate(containerID, longestContainerID)}-${ifname}`;
  const chain = `${spoofPrefix.chain}${id}`;
  return {
    chain,
    macChain: macChainOf(chain),
    ipChain: ipChainOf(chain),
    comment: `${spoofPrefix.comment}${id}`,
    ipComment: `${spoofPrefix.ipComment}${id}`,
  };
}

/** The chain with the rules for IP addresses, given an attachment's first chain; no interface's name has a slash. */
export function ipChainOf(chain: string): string {
  return `${chain}${ipSuffix}`;
}

/** The first chain of an attachment with this chain for IP addresses; undefined for any other chain. */
export function firstOfIpChain(chain: string): string | undefined {
  const isOne = chain.startsWith(spoofPrefix.chain) && chain.endsWith(ipSuffix);
  return isOne ? chain.slice(0, -ipSuffix.length) : undefined;
}

/** The chain with the rules for the source address, given an attachment's first chain. */
export function macChainOf(chain: string): string {
  return `${chain}-mac`;
}

/** Creates the table and its base chain. */
export function spoofTableMessages(): NetlinkRequest[] {
  const hook = { type: 'filter', number: hookNumber.prerouting, priority: bridgedNatPriority } as const;
  return [newTable(spoofTable, madeHere), newChain(spoofBaseChain, hook)];
}

/** The base chain's rule for an attachment: frames from its port go to its first chain. */
export function jumpFromPort(port: string, chain: string, comment: string): NetlinkRequest {
  const expressions = [meta(metaKey.iifname), equals(paddedName(port)), immediate(verdictCode.jump, chain)];
  return newRule(spoofBaseChain, expressions, comment);
}

/** Creates an attachment's chains and rules, which let a port's frames pass only with the right source address. */
export function spoofCheckMessages(attachment: Attachment, port: string, mac: string): NetlinkRequest[] {
  const names = spoofCheckNames(attachment);
  const chain = { table: spoofTable, name: names.chain };
  const macChain = { table: spoofTable, name: names.macChain };
  const rule = (where: Chain, ...expressions: Expression[]): NetlinkRequest =>
    newRule(where, expressions, names.comment);
  return [
    newChain(chain),
    newChain(macChain),
    jumpFromPort(port, chain.name, names.comment),
    rule(chain, immediate(verdictCode.jump, macChain.name)),
    rule(
      macChain,
      payload(payloadBase.link, sourceMac.offset, sourceMac.length),
      equals(macBytes(mac)),
      immediate(verdictCode.return),
    ),
    rule(macChain, immediate(verdictCode.drop)),
  ];
}
