import type { Verdict } from '../../../netlink/nftables/verdict.ts';

/** A rule at the forward hook: of nftables, of iptables-nft or of legacy iptables. */
export interface Rule {
  readonly comment: string;
  /** The link that a packet must come in on; empty for any. */
  readonly iifname: string;
  /** The link that a packet must go out on; empty for any. */
  readonly oifname: string;
  /** What becomes of every packet; undefined where that depends on the packet. */
  readonly verdict: Verdict | undefined;
}

/** The rules of a chain; none for a chain that isn't there. */
export type RulesOf<T extends Rule> = (chain: string) => readonly T[];

/** Where rules have to stand to be seen before the end: before the rule at `index` in `chain`, or as its last. */
export interface Place {
  readonly chain: string;
  readonly index: number;
}

/** Docker's chain for rules of others, which it leaves alone and has packets pass before its own. */
const dockerChain = 'DOCKER-USER';

/** The first rule of a chain that ends the way of every packet, and how; `return` at the chain's end. */
interface End {
  readonly index: number;
  readonly verdict: 'accept' | 'drop' | 'return';
}

function endOf<T extends Rule>(chain: string, rulesOf: RulesOf<T>): End {
  const rules = rulesOf(chain);
  for (const [index, { verdict }] of rules.entries()) {
    if (verdict === undefined) continue;
    if (typeof verdict === 'string') return { index, verdict };
    // The kernel refuses chains that lead back to themselves.
    const beyond = endOf(verdict.chain, rulesOf).verdict;
    if (verdict.isGoto || beyond !== 'return') return { index, verdict: beyond };
  }
  return { index: rules.length, verdict: 'return' };
}

/**
 * Where a rule that accepts has to stand in a base chain that drops what nothing decides on: after the rules with a
 * condition, which may be a person's refusals, and before what drops the rest. In DOCKER-USER where packets come by.
 * @param accepts whether the base chain's policy is accept
 * @returns undefined if the chain doesn't drop
 */
export function placeIn<T extends Rule>(
  base: string,
  accepts: boolean,
  rulesOf: RulesOf<T>,
): Place | undefined {
  const { index, verdict } = endOf(base, rulesOf);
  if (verdict === 'accept' || (verdict === 'return' && accepts)) return undefined;
  const passed = rulesOf(base).slice(0, index + 1);
  const hasDocker = passed.some(
    ({ verdict: to }) => typeof to === 'object' && !to.isGoto && to.chain === dockerChain,
  );
  return hasDocker
    ? { chain: dockerChain, index: endOf(dockerChain, rulesOf).index }
    : { chain: base, index };
}

/** The chains in which rules of ours may stand that {@link placeIn} has put into a base chain. */
export function placesIn(base: string): string[] {
  return [base, dockerChain];
}
