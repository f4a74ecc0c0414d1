import type { Connection } from '../../../netlink/connection.ts';
import { ipOfBytes, width } from '../../../netlink/ip.ts';
import { chainOf, deleteChain, getChain } from '../../../netlink/nftables/chain.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, type LiveRule, listRules } from '../../../netlink/nftables/rule.ts';
import type { Jump, Stale } from './iptables-jump.ts';

/** The nat tables of iptables-nft, which are tables of nftables like others. */
export const iptablesTables: readonly Table[] = [
  { family: nfproto.ipv4, name: 'nat' },
  { family: nfproto.ipv6, name: 'nat' },
];
const baseChain = 'POSTROUTING';

/**
 * Removes from a nat table of iptables-nft's the jumps that are stale, and their chains. The table and its base
 * chains are left as iptables leaves them.
 * @throws NetlinkError
 */
export function removeIptablesNft(connection: Connection, table: Table, { chain, isStale }: Stale): void {
  remove(connection, (): Removal => {
    if (
      chain !== undefined &&
      chainOf(connection.exchange([getChain({ table, name: chain })])[0]) === undefined
    ) {
      return { own: [] };
    }
    const rules = postroutingRules(connection, table);
    const stale = rules.filter((rule) => isStale(jumpOf(rule)));
    const live = new Set(rules.filter((rule) => !stale.includes(rule)).map(({ target }) => target));
    const targets = new Set([...stale.map(({ target }) => target), ...(chain === undefined ? [] : [chain])]);
    const unused = [...targets].filter((target) => !live.has(target));
    const own = stale.map((rule) => deleteRule(table, rule));
    const whole = [...own, ...unused.map((name) => deleteChain({ table, name }))];
    return { own, whole: unused.length > 0 ? whole : undefined };
  });
}

function postroutingRules(connection: Connection, table: Table): LiveRule[] {
  return connection.dump(listRules({ table, name: baseChain })).map(decodeRule);
}

/** A prefix shorter than an address is no source of one address alone. */
function jumpOf({ target, comment, source }: LiveRule): Jump {
  const ip = ipOfBytes(source);
  return {
    target,
    comment,
    source: ip !== undefined && source?.length === width(ip.family) / 8 ? ip : undefined,
  };
}
