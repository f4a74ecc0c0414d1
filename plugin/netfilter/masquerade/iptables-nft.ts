import type { Connection } from '../../../netlink/connection.ts';
import { type CIDR, type Family, family, type IP, ipOfBytes, width } from '../../../netlink/ip.ts';
import { chainUseOf, deleteChain, getChain } from '../../../netlink/nftables/chain.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, type LiveRule, listRules } from '../../../netlink/nftables/rule.ts';
import { findStale, type Jump, type StaleJumps, withoutJump } from './iptables-jump.ts';

/** The nat tables of iptables-nft, which are nftables tables like any other. */
export const iptablesTables: Readonly<Record<Family, Table>> = {
  [family.ipv4]: { family: nfproto.ipv4, name: 'nat' },
  [family.ipv6]: { family: nfproto.ipv6, name: 'nat' },
};
const baseChain = 'POSTROUTING';

/**
 * Removes stale jumps and their chains from iptables-nft's nat table of a family. The table and its base chains stay,
 * as iptables leaves them.
 * @throws NetlinkError
 */
export function removeIptablesNft(connection: Connection, of: Family, stale: StaleJumps): void {
  const { chain } = stale;
  const table = iptablesTables[of];
  remove(connection, (): Removal => {
    if (chain !== undefined && !hasChain(connection, table, chain)) return { own: [] };
    const found = findStale(listJumps(connection, of), stale);
    const own = found.stale.map((rule) => deleteRule(table, rule));
    const whole = [...own, ...found.unused.map((name) => deleteChain({ table, name }))];
    return { own, whole: found.unused.length > 0 ? whole : undefined };
  });
}

function hasChain(connection: Connection, table: Table, chain: string): boolean {
  return chainUseOf(connection.exchange([getChain({ table, name: chain })])[0]) !== undefined;
}

/**
 * The first of a family's addresses that iptables-nft doesn't masquerade by this chain; undefined if there is none.
 * @throws NetlinkError
 */
export function lostIptablesNft(
  connection: Connection,
  of: Family,
  addresses: readonly CIDR[],
  chain: string,
): CIDR | undefined {
  const table = iptablesTables[of];
  const use = chainUseOf(connection.exchange([getChain({ table, name: chain })])[0]);
  if (use === undefined) return addresses[0];
  const jumps = listJumps(connection, of).filter(({ target }) => target === chain);
  // A chain's users are the jumps to it and the rules in it.
  return use <= jumps.length ? addresses[0] : withoutJump(addresses, jumps, chain);
}

/** A rule in the base chain, which is a jump if it has a target. */
export type PostroutingRule = Omit<LiveRule, 'source'> & Jump;

/** The rules of iptables-nft's POSTROUTING of a family. @throws NetlinkError */
export function listJumps(connection: Connection, of: Family): PostroutingRule[] {
  return connection
    .dump(listRules({ table: iptablesTables[of], name: baseChain }))
    .map(decodeRule)
    .map((rule) => ({ ...rule, source: sourceOf(rule, of) }));
}

/**
 * The one address that a rule is for; undefined if it is for a prefix, of which it has fewer bytes, or for any address.
 */
function sourceOf({ source }: LiveRule, of: Family): IP | undefined {
  return source?.length === width(of) / 8 ? ipOfBytes(source) : undefined;
}
