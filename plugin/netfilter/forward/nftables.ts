import { CniError, errorCode } from '../../../cni/error.ts';
import type { Connection, NetlinkRequest, Reply } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type Family, family } from '../../../netlink/ip.ts';
import type { Chain } from '../../../netlink/nftables/chain.ts';
import { listForwardChains } from '../../../netlink/nftables/forward-hook.ts';
import { decodeForwardRule, type ForwardRule } from '../../../netlink/nftables/forward-rule.ts';
import {
  commit,
  generationOf,
  getGeneration,
  nfproto,
  type Table,
} from '../../../netlink/nftables/message.ts';
import { remove } from '../../../netlink/nftables/remove.ts';
import { deleteRule, listRules } from '../../../netlink/nftables/rule.ts';
import { getTable, isOwned } from '../../../netlink/nftables/table.ts';
import { retry } from '../../../netlink/nftables/transaction.ts';
import { isLacking, notAvailable } from '../connection.ts';
import { placeIn, placesIn, type RulesOf } from './place.ts';
import {
  type Accepting,
  acceptMessage,
  type Forwarded,
  isCommentOf,
  isIptables,
  isSame,
  rulesFor,
} from './rules.ts';

/** NFPROTO_* of the chains that a family's packets pass, as the nft command names them. */
const protocols = [
  { proto: nfproto.inet, name: 'inet', families: [family.ipv4, family.ipv6] },
  { proto: nfproto.ipv4, name: 'ip', families: [family.ipv4] },
  { proto: nfproto.ipv6, name: 'ip6', families: [family.ipv6] },
];

/** A chain that drops what a network forwards, with the rules that it lacks. */
export interface Gap {
  /** `ip filter FORWARD` */
  readonly where: string;
  readonly requests: readonly NetlinkRequest[];
}

/** Reads each chain of a table at most once. */
function readerOf(connection: Connection, table: Table): RulesOf<ForwardRule> {
  const known = new Map<string, readonly ForwardRule[]>();
  return (name) => {
    let rules = known.get(name);
    if (rules === undefined) {
      const found = connection.dump(listRules({ table, name })).map(decodeForwardRule);
      // On a busy host a dump may return a rule more than once.
      rules = [...new Map(found.map((rule) => [String(rule.handle), rule])).values()];
      known.set(name, rules);
    }
    return rules;
  };
}

/** @throws CniError code 50 if nobody but another program may change the table */
function refuseOwned(connection: Connection, table: Table, where: string, link: string): void {
  if (!isOwned(connection.exchange([getTable(table)])[0])) return;
  throw new CniError(
    errorCode.notAvailable,
    `forward: nobody but the program that made it may change chain ${where}, which drops what ${link} forwards`,
    `let that program accept ${link}, such as by firewall-cmd --permanent --zone=trusted --add-interface=${link}, and leave out forward`,
  );
}

/**
 * The chains that drop what the network forwards.
 * @throws CniError code 50 if one of them can't be changed; NetlinkError
 */
function findGaps(connection: Connection, forwarded: Forwarded): Gap[] {
  const wanted = rulesFor(forwarded);
  const passed = protocols.filter(({ families }) => families.some((of) => forwarded.families.includes(of)));
  const gaps = passed.flatMap(({ proto, name: protocol }) =>
    listForwardChains(connection, proto).flatMap(({ table: tableName, name: base, accepts }, _, all) => {
      const table = { family: proto, name: tableName };
      const rulesOf = readerOf(connection, table);
      const place = placeIn(base, accepts, rulesOf);
      if (place === undefined) return [];
      const rules = rulesOf(place.chain);
      const there = rules.slice(0, place.index);
      const missing = wanted.filter((one) => !there.some((rule) => isSame(rule, one)));
      if (missing.length === 0) return [];
      const where = `${protocol} ${tableName} ${place.chain}`;
      refuseOwned(connection, table, where, forwarded.link);
      const chain = { table, name: place.chain };
      const isByIptables = all.some(
        ({ table: other, name }) => other === tableName && isIptables({ table, name }),
      );
      const before = rules[place.index]?.handle;
      const message = (one: Accepting): NetlinkRequest => acceptMessage(chain, one, isByIptables, before);
      return [{ where, requests: missing.map(message) }];
    }),
  );
  // Several base chains of a table may lead to the same one.
  return [...new Map(gaps.map((gap) => [gap.where, gap])).values()];
}

/**
 * The chains of nftables and iptables-nft that lack rules; none on a kernel without nf_tables.
 * @throws CniError code 50 if one of them can't be changed; NetlinkError
 */
export function gapsInNftables(connection: Connection, forwarded: Forwarded): Gap[] {
  return askGeneration(connection) === undefined ? [] : findGaps(connection, forwarded);
}

/** The reply with the generation of the rules; undefined on a kernel without nf_tables. */
function askGeneration(connection: Connection): Reply | undefined {
  const [reply] = connection.exchange([getGeneration()]);
  if (isErrno(reply?.error, 'EPERM')) throw reply.error;
  return reply?.error === undefined ? reply : undefined;
}

/**
 * Adds the rules that are missing.
 * @throws CniError code 50 if a chain can't be changed; NetlinkError
 */
export function acceptInNftables(connection: Connection, forwarded: Forwarded): void {
  retry((isLast) => {
    const generation = askGeneration(connection);
    const gaps = generation === undefined ? [] : findGaps(connection, forwarded);
    if (gaps.length === 0) return true;
    try {
      // Of two at once the second looks again, so that no rule is there twice.
      const requests = gaps.flatMap((gap) => gap.requests);
      commit(connection, requests, generationOf(generation));
      return true;
    } catch (error) {
      if (isLacking(error, isLast)) {
        const options =
          'CONFIG_NF_CONNTRACK, CONFIG_NFT_CT, CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_MATCH_CONNTRACK';
        throw notAvailable('forward', error, options);
      }
      if (isLast || !isErrno(error, 'ERESTART', 'ENOENT')) throw error;
      return false;
    }
  });
}

/** The chains of a family that may have rules of ours, each once: several base chains of a table may lead to one. */
function listPlaces(connection: Connection, proto: number): Chain[] {
  const places = listForwardChains(connection, proto).flatMap(({ table, name }) =>
    placesIn(name).map((place): Chain => ({ table: { family: proto, name: table }, name: place })),
  );
  return [...new Map(places.map((place) => [`${place.table.name} ${place.name}`, place])).values()];
}

/**
 * Removes a network's rules, unless the network is in use.
 * @returns the families whose rules were removed
 * @throws NetlinkError
 */
export function removeFromNftables(
  connection: Connection,
  network: string,
  isInUse: () => boolean,
): Family[] {
  const removed = new Set<Family>();
  if (askGeneration(connection) === undefined) return [];
  remove(connection, () => {
    if (isInUse()) return { own: [] };
    const own = protocols.flatMap(({ proto, families }) => {
      const rules = listPlaces(connection, proto).flatMap(({ table, name }) => {
        const found = readerOf(connection, table)(name);
        return found
          .filter(({ comment }) => isCommentOf(network, comment))
          .map((rule) => deleteRule(table, rule));
      });
      if (rules.length > 0) for (const of of families) removed.add(of);
      return rules;
    });
    return { own, whole: own.length > 0 ? own : undefined };
  });
  return [...removed];
}
