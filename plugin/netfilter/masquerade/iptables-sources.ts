import type { Connection } from '../../../netlink/connection.ts';
import { type Family, family, formatIP, parseIP } from '../../../netlink/ip.ts';
import { decodeChain, listChains } from '../../../netlink/nftables/chain.ts';
import { decodeRule, listRules } from '../../../netlink/nftables/rule.ts';
import { withNetfilter } from '../connection.ts';
import { isContainerChain } from './go-names.ts';
import { legacyFamilies, savedNat } from './iptables.ts';
import type { Jump } from './iptables-jump.ts';
import { iptablesTables, listJumps } from './iptables-nft.ts';
import { savedCommentOf, savedJumps } from './iptables-rules.ts';

/** An address that iptables masquerades, by a container's chain that has rules. */
export interface IptablesSource {
  /** `10.15.20.2` */
  readonly address: string;
  readonly chain: string;
  /** That of the jump to the chain. */
  readonly comment: string;
  readonly by: 'iptables-nft' | 'iptables-legacy';
}

function sourcesOf(jumps: readonly Jump[], by: IptablesSource['by']): IptablesSource[] {
  return jumps.flatMap(({ source, target: chain, comment }) =>
    source !== undefined && isContainerChain(chain)
      ? [{ address: formatIP(source), chain, comment, by }]
      : [],
  );
}

/**
 * All addresses of a family that iptables-nft masquerades, by two dumps at most.
 * @throws NetlinkError
 */
export function listNftSources(connection: Connection, of: Family): IptablesSource[] {
  const all = sourcesOf(listJumps(connection, of), 'iptables-nft');
  if (all.length === 0) return [];
  const table = iptablesTables[of];
  const uses = connection
    .collect(listChains(table), decodeChain)
    .flatMap((chain) => (chain.table === table.name ? [[chain.name, chain.use] as const] : []));
  const useOf = new Map(uses);
  // A chain's users are the jumps to it and the rules in it.
  const jumpsTo = new Map<string, number>();
  for (const { chain } of all) jumpsTo.set(chain, (jumpsTo.get(chain) ?? 0) + 1);
  return all.filter(({ chain }) => (useOf.get(chain) ?? 0) > (jumpsTo.get(chain) ?? 0));
}

/**
 * The comment of the first rule of a source's chain: a label of ours, or the Go plugin's comment.
 * @throws NetlinkError, CniError code 999 where a program fails
 */
export function ruleCommentOf({ address, chain, by }: IptablesSource): string {
  const of = parseIP(address)?.family ?? family.ipv4;
  if (by === 'iptables-legacy') return savedCommentOf(savedNat(of), chain);
  return withNetfilter((connection) => {
    const [rule] = connection.dump(listRules({ table: iptablesTables[of], name: chain }));
    return rule === undefined ? '' : decodeRule(rule).comment;
  });
}

/**
 * All addresses that legacy iptables masquerades, by a run of iptables-save for each family whose legacy nat table is in
 * use; none where there is no such program.
 * @throws CniError code 999 where the program fails
 */
export function listLegacySources(): IptablesSource[] {
  return legacyFamilies().flatMap((of) => sourcesOf(savedJumps(savedNat(of)), 'iptables-legacy'));
}
