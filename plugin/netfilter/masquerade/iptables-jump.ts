import type { Attachment } from '../../../cni/attachment.ts';
import { type CIDR, formatIP, type IP } from '../../../netlink/ip.ts';
import { containerChain, isContainerChain, networkComment } from './go-names.ts';

/** A rule of POSTROUTING that leads to a container's chain, as the kernel or iptables-save has it. */
export interface Jump {
  readonly target: string;
  readonly comment: string;
  /** Undefined where the rule is not for one address alone. */
  readonly source: IP | undefined;
}

/** Which jumps are to go, with the chains that nothing leads to then. */
export interface Stale {
  /** The one chain that they lead to; undefined where they may lead to any. */
  readonly chain: string | undefined;
  isStale(jump: Jump): boolean;
}

/**
 * The jumps of an attachment. Another interface of the container on the same network has the same chain: its jumps
 * stay, where it is known which addresses are this one's.
 */
export function jumpsOf(attachment: Attachment, addresses: readonly CIDR[]): Stale {
  const chain = containerChain(attachment);
  const known = new Set(addresses.map(({ ip }) => formatIP(ip)));
  return {
    chain,
    isStale: ({ target, source }) =>
      target === chain && (known.size === 0 || source === undefined || known.has(formatIP(source))),
  };
}

/** The jumps of a network that belong to none of these attachments. */
export function staleJumps(network: string, kept: readonly Attachment[]): Stale {
  const chains = new Set(kept.map(containerChain));
  const prefix = networkComment(network);
  return {
    chain: undefined,
    isStale: ({ target, comment }) =>
      isContainerChain(target) && comment.startsWith(prefix) && !chains.has(target),
  };
}
