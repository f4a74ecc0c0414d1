import type { Attachment } from '../../../cni/attachment.ts';
import { type CIDR, formatIP, type IP } from '../../../netlink/ip.ts';
import { containerChain, isContainerChain, networkComment } from './go-names.ts';

/** A rule in POSTROUTING that jumps to a container's chain, as read from the kernel or iptables-save. */
export interface Jump {
  readonly target: string;
  readonly comment: string;
  /** Undefined if the rule is not for exactly one address. */
  readonly source: IP | undefined;
}

/** Which jumps a DEL or a GC removes, with the chains that nothing jumps to any more. */
export interface StaleJumps {
  /** The one chain that they jump to; undefined if it may be any. */
  readonly chain: string | undefined;
  isStale(jump: Jump): boolean;
}

/**
 * The jumps of an attachment. The container's other interfaces on the network share its chain, so if the addresses are
 * known, the jumps for other addresses stay.
 */
export function jumpsOf(attachment: Attachment, addresses: readonly CIDR[]): StaleJumps {
  const chain = containerChain(attachment);
  const known = new Set(addresses.map(({ ip }) => formatIP(ip)));
  return {
    chain,
    isStale: ({ target, source }) =>
      target === chain && (known.size === 0 || source === undefined || known.has(formatIP(source))),
  };
}

/** The jumps of a network that belong to none of these attachments. */
export function staleJumps(network: string, kept: readonly Attachment[]): StaleJumps {
  const chains = new Set(kept.map(containerChain));
  const prefix = networkComment(network);
  return {
    chain: undefined,
    isStale: ({ target, comment }) =>
      isContainerChain(target) && comment.startsWith(prefix) && !chains.has(target),
  };
}

/** The stale ones of these jumps, and the chains that nothing else jumps to, which need not exist. */
export function findStale<T extends Jump>(
  jumps: readonly T[],
  { chain, isStale }: StaleJumps,
): { readonly stale: T[]; readonly unused: string[] } {
  const stale: T[] = [];
  const live = new Set<string>();
  for (const jump of jumps) {
    if (isStale(jump)) stale.push(jump);
    else live.add(jump.target);
  }
  const targets = new Set(stale.map(({ target }) => target));
  if (chain !== undefined) targets.add(chain);
  return { stale, unused: [...targets].filter((target) => !live.has(target)) };
}

/** The first address without a jump to this chain; undefined if there is none. */
export function withoutJump(
  addresses: readonly CIDR[],
  jumps: readonly Jump[],
  chain: string,
): CIDR | undefined {
  const sources = new Set(
    jumps.flatMap(({ target, source }) =>
      target === chain && source !== undefined ? [formatIP(source)] : [],
    ),
  );
  return addresses.find(({ ip }) => !sources.has(formatIP(ip)));
}
