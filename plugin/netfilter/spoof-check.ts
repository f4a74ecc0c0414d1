import type { Attachment } from '../../cni/attachment.ts';
import type { Connection, NetlinkRequest, Reply } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import {
  chainOf,
  chainUseOf,
  decodeChain,
  deleteChain,
  getChain,
  listChains,
} from '../../netlink/nftables/chain.ts';
import { type Removal, remove } from '../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, type LiveRule, listRules } from '../../netlink/nftables/rule.ts';
import { deleteTable, getTable, tableOf } from '../../netlink/nftables/table.ts';
import { commitFresh } from '../../netlink/nftables/transaction.ts';
import { type Kept, networkLabel } from '../attach/owner.ts';
import { isLacking, notAvailable, withNetfilterIfThere } from './connection.ts';
import type { Lost } from './lost.ts';
import {
  firstOfIpChain,
  ipChainOf,
  macChainOf,
  madeHere,
  type SpoofCheckNames,
  spoofBaseChain,
  spoofCheckMessages,
  spoofCheckNames,
  spoofPrefix,
  spoofTable,
  spoofTableMessages,
} from './spoof-check-rules.ts';

function getChains({ chain, macChain }: SpoofCheckNames): NetlinkRequest[] {
  return [chain, macChain].map((name) => getChain({ table: spoofTable, name }));
}

/**
 * Drops frames from a port that have any other source address than this one.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function addSpoofCheck(
  connection: Connection,
  attachment: Attachment,
  port: string,
  mac: string,
): void {
  const names = spoofCheckNames(attachment);
  let isSelfContained = false;
  const look = (): NetlinkRequest[] => {
    const [base, ...chains] = connection
      .exchange([getChain(spoofBaseChain), ...getChains(names)])
      .map(chainUseOf);
    // An earlier attachment with the same names may have left its chains.
    const isStale = chains.some((chain) => chain !== undefined);
    const stale = isStale ? findCheck(connection, names).own : [];
    isSelfContained = base === undefined && !isStale;
    const table = base === undefined ? spoofTableMessages() : [];
    return [...table, ...stale, ...spoofCheckMessages(attachment, port, mac)];
  };
  commitFresh(connection, look, (error) => {
    if (isLacking(error, isSelfContained)) {
      throw notAvailable('macspoofchk', error, 'CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE');
    }
    return isErrno(error, 'ENOENT', 'EEXIST', 'EBUSY');
  });
}

/**
 * Removes an attachment's spoof check, whichever plugin set it up. A table that this plugin made is deleted with its
 * last chain.
 * @throws NetlinkError
 */
export function removeSpoofCheck(connection: Connection, attachment: Attachment): void {
  const names = spoofCheckNames(attachment);
  remove(connection, () => findCheck(connection, names));
}

/**
 * The missing part of an attachment's spoof check; undefined if nothing is missing.
 * @throws NetlinkError
 */
export function lostSpoofCheck(attachment: Attachment): Lost | undefined {
  const names = spoofCheckNames(attachment);
  const [chain, macChain] = usesOfChains([names.chain, names.macChain]);
  if (areWhole(chain, macChain)) return undefined;
  return {
    what: `macspoofchk of container ${attachment.containerID} interface ${attachment.ifname}`,
    expected: `chains bridge nat ${names.chain} and ${names.macChain} with their rules`,
    found: chain === undefined && macChain === undefined ? 'none' : 'only part of them',
  };
}

/** How often each of these chains is used; undefined for one that isn't there. @throws NetlinkError */
export function usesOfChains(names: readonly string[]): (number | undefined)[] {
  return withNetfilterIfThere((connection) => {
    const replies = connection?.exchange(names.map((name) => getChain({ table: spoofTable, name }))) ?? [];
    for (const { error } of replies) if (isErrno(error, 'EPERM')) throw error;
    return replies.map(chainUseOf);
  });
}

/** Whether an attachment's chains have all of their uses: a jump to each, and its rules, one in the first, two in the other. */
function areWhole(chain: number | undefined, macChain: number | undefined): boolean {
  return chain !== undefined && macChain !== undefined && chain >= 2 && macChain >= 3;
}

/**
 * The names of the chains of all spoof checks of which nothing is missing, by one dump.
 * @throws NetlinkError
 */
export function listSpoofChecks(connection: Connection): Set<string> {
  const chains = connection.collect(listChains(spoofTable), decodeChain);
  const uses = new Map(
    chains.flatMap(({ table, name, use }) => (table === spoofTable.name ? [[name, use]] : [])),
  );
  return new Set(
    [...uses.keys()].filter(
      (name) => name.startsWith(spoofPrefix.chain) && areWhole(uses.get(name), uses.get(macChainOf(name))),
    ),
  );
}

/** What removes an attachment's checks of both kinds. @throws NetlinkError */
export function findCheck(connection: Connection, names: SpoofCheckNames): Removal {
  const [table, base, ...replies] = connection.exchange([
    getTable(spoofTable),
    getChain(spoofBaseChain),
    ...getChains(names),
  ]);
  if (isErrno(table?.error, 'EPERM')) throw table.error;
  const chains = replies.flatMap((reply) => chainOf(reply)?.name ?? []);
  if (chains.length === 0) return removalOf({ table, base }, [], chains);
  const rules = listJumps(connection).filter(({ comment }) => comment === names.comment);
  const [first, last] = replies.map(chainUseOf);
  // A first chain with one rule, a jump to a second that is there, has none to the rules for IP addresses.
  const isWithoutIp = last !== undefined && first === rules.length + 1;
  if (!isWithoutIp && hasChain(connection, names.ipChain)) chains.push(names.ipChain);
  return removalOf({ table, base }, rules, chains);
}

function hasChain(connection: Connection, name: string): boolean {
  const [reply] = connection.exchange([getChain({ table: spoofTable, name })]);
  return chainOf(reply) !== undefined;
}

/** The replies about the table and its base chain. */
interface Shared {
  readonly table: Reply | undefined;
  readonly base: Reply | undefined;
}

/** The requests that remove these rules from the base chain, and these chains. */
function removalOf(shared: Shared, rules: readonly LiveRule[], chains: readonly string[]): Removal {
  const [table, base] = [tableOf(shared.table), chainOf(shared.base)];
  const own = [
    ...rules.map((rule) => deleteRule(spoofTable, rule)),
    ...chains.map((name) => deleteChain({ table: spoofTable, name })),
  ];
  const isUnused =
    table?.comment === madeHere &&
    table.use === chains.length + 1 &&
    base?.use === rules.length &&
    base.accepts;
  return { own, whole: isUnused ? [deleteTable(spoofTable)] : undefined };
}

/** The rules of the base chain. */
function listJumps(connection: Connection): LiveRule[] {
  const rules = connection.dump(listRules(spoofBaseChain)).map(decodeRule);
  // On a busy host a dump may return a rule more than once.
  return [...new Map(rules.map((rule) => [String(rule.handle), rule])).values()];
}

/**
 * Removes the spoof checks of a network's attachments that are gone. The rules don't name their network, but their
 * ports' labels do. A rule whose port is gone belongs to nobody, whatever its network was.
 * @param listLabels lists the alias of each of the host's links, by the link's name
 * @throws NetlinkError
 */
export function removeStaleSpoofChecks(
  connection: Connection,
  { network, attachments, labels }: Kept,
  listLabels: () => ReadonlyMap<string, string>,
): void {
  remove(connection, (): Removal => {
    const [table, base] = connection.exchange([getTable(spoofTable), getChain(spoofBaseChain)]);
    if (isErrno(table?.error, 'EPERM')) throw table.error;
    if (chainOf(base) === undefined) return { own: [] };
    const rules = listJumps(connection).filter(({ comment }) => comment.startsWith(spoofPrefix.comment));
    const keptComments = new Set(attachments.map((attachment) => spoofCheckNames(attachment).comment));
    // Listed after the rules, each of which was made after its port.
    const ports = rules.length === 0 ? new Map<string, string>() : listLabels();
    const isStale = ({ iifname, comment }: LiveRule): boolean => {
      const label = ports.get(iifname);
      if (label === undefined) return !keptComments.has(comment);
      return label.startsWith(networkLabel(network)) && !labels.has(label);
    };
    const stale = rules.filter(isStale);
    const live = new Set(rules.filter((rule) => !isStale(rule)).map(({ target }) => target));
    const unused = new Set(stale.map(({ target }) => target).filter((target) => !live.has(target)));
    return removalOf({ table, base }, stale, staleChains(connection, unused, live));
  });
}

/**
 * The existing ones of these chains, each followed by its chains for MAC and IP addresses, and what a DEL of the Go
 * plugin leaves: chains for IP addresses that no jump from the base chain leads to.
 */
function staleChains(
  connection: Connection,
  names: ReadonlySet<string>,
  live: ReadonlySet<string | undefined>,
): string[] {
  const chains = connection.dump(listChains(spoofTable)).map(decodeChain);
  const there = new Set(chains.filter(({ table }) => table === spoofTable.name).map(({ name }) => name));
  const left = [...there].flatMap((name) => firstOfIpChain(name) ?? []).filter((name) => !live.has(name));
  return [...new Set([...names, ...left])]
    .filter((name) => name.startsWith(spoofPrefix.chain))
    .flatMap((name) => [name, macChainOf(name), ipChainOf(name)])
    .filter((name) => there.has(name));
}
