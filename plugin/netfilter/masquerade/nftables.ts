import type { Attachment } from '../../../cni/attachment.ts';
import type { Connection, NetlinkRequest, Reply } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type CIDR, ipBytes } from '../../../netlink/ip.ts';
import { chainOf, decodeChain, deleteChain, getChain, listChains } from '../../../netlink/nftables/chain.ts';
import {
  decodeElements,
  deleteElement,
  type Element,
  getElement,
  isTaken,
  listElements,
  newElement,
} from '../../../netlink/nftables/map.ts';
import { commit, type Table } from '../../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../../netlink/nftables/remove.ts';
import { deleteTable, getTable, tableOf } from '../../../netlink/nftables/table.ts';
import { ownerLabel } from '../../attach/owner.ts';
import { isLacking, notAvailable } from '../connection.ts';
import {
  baseChain,
  baseRules,
  bothFamilies,
  families,
  masqueradeTable,
  networkMessages,
  refillMessages,
  subnetChain,
  subnetMessages,
  subnetRules,
  tableParts,
} from './own-table.ts';

/** How often a transaction is tried again after another plugin's came between. */
const attempts = 20;

/**
 * Masquerades what leaves the subnets of an attachment's addresses. Sends the map elements, and what they need
 * only where it is missing.
 * @throws NetlinkError
 */
export function addNftables(
  connection: Connection,
  attachment: Attachment,
  addresses: readonly CIDR[],
): void {
  const table = masqueradeTable(attachment.network);
  const comment = ownerLabel(attachment);
  const elements = addresses.map((cidr) =>
    newElement(
      { table, name: families[cidr.ip.family].map },
      {
        key: ipBytes(cidr.ip),
        chain: subnetChain(cidr),
        comment,
      },
    ),
  );
  let stale: NetlinkRequest[] = [];
  for (let attempt = 1; ; attempt++) {
    // Asked first: the kernel takes 10 ms to take back a transaction that it refuses.
    const { messages: missing, isNew } = missingMessages(connection, table, addresses);
    try {
      commit(connection, [...missing, ...stale, ...elements]);
      return;
    } catch (error) {
      if (isLacking(error, isNew && stale.length === 0)) {
        const options = 'CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT and CONFIG_NFT_MASQ';
        throw notAvailable('masquerading by nftables', error, options);
      }
      if (!isErrno(error, 'ENOENT', 'EEXIST') || attempt === attempts) throw error;
      // An address that is ours now and still stands in the map was left by an attachment that is no more.
      stale = isTaken(error) ? staleMessages(connection, table, addresses) : [];
    }
  }
}

/** What has to be made first, and whether that is all of it. */
interface Missing {
  readonly messages: NetlinkRequest[];
  readonly isNew: boolean;
}

function missingMessages(connection: Connection, table: Table, addresses: readonly CIDR[]): Missing {
  const subnets = new Map(addresses.map((cidr) => [subnetChain(cidr), cidr]));
  const [base, ...chains] = connection.exchange([
    getChain({ table, name: baseChain }),
    ...[...subnets.keys()].map((name) => getChain({ table, name })),
  ]);
  const isNew = base?.error !== undefined;
  const messages = [
    ...(isNew ? networkMessages(table) : refill(connection, table, base)),
    ...[...subnets.values()].flatMap((cidr, index) =>
      chains[index]?.error === undefined ? [] : subnetMessages(table, cidr),
    ),
  ];
  return { messages, isNew };
}

/** The rules that are missing where somebody flushed the table, which keeps its chains and maps. */
function refill(connection: Connection, table: Table, base: Reply | undefined): NetlinkRequest[] {
  if (!isFlushed(base)) return [];
  const chains = connection.dump(listChains(table)).map(decodeChain);
  const own = chains.filter((chain) => chain.table === table.name);
  return refillMessages(
    table,
    own.map(({ name }) => name),
  );
}

/** Whether the base chain has lost its rules. */
function isFlushed(base: Reply | undefined): boolean {
  const use = chainOf(base)?.use;
  return use !== undefined && use < baseRules;
}

function staleMessages(connection: Connection, table: Table, addresses: readonly CIDR[]): NetlinkRequest[] {
  const maps = addresses.map(({ ip }) => ({ map: families[ip.family].map, key: ipBytes(ip) }));
  const replies = connection.exchange(maps.map(({ map, key }) => getElement({ table, name: map }, key)));
  return maps.flatMap(({ map, key }, index) =>
    replies[index]?.error === undefined ? [deleteElement({ table, name: map }, key)] : [],
  );
}

/** An element with the map that it is in. */
interface Located {
  readonly map: string;
  readonly element: Element;
}

/**
 * Ends the masquerading of an attachment. With its last element a subnet's chain goes, with its last chain the
 * table.
 * @param addresses where they are known; else every element is looked at
 * @throws NetlinkError
 */
export function removeNftables(
  connection: Connection,
  attachment: Attachment,
  addresses: readonly CIDR[],
): void {
  const comment = ownerLabel(attachment);
  removeElements(connection, attachment.network, addresses, (owner) => owner === comment);
}

/**
 * Ends the masquerading of every attachment of a network but those whose labels are kept, in one transaction.
 * @throws NetlinkError
 */
export function removeStaleNftables(
  connection: Connection,
  network: string,
  kept: ReadonlySet<string>,
): void {
  removeElements(connection, network, [], (owner) => !kept.has(owner));
}

function removeElements(
  connection: Connection,
  network: string,
  addresses: readonly CIDR[],
  isStale: (owner: string) => boolean,
): void {
  const table = masqueradeTable(network);
  const chains = new Set<string>();
  remove(connection, (): Removal => {
    const [reply] = connection.exchange([getTable(table)]);
    // No table, or a kernel without nf_tables: there is nothing of ours.
    if (isErrno(reply?.error, 'EPERM')) throw reply.error;
    const there = tableOf(reply);
    if (there === undefined) return { own: [] };
    const stale = locate(connection, table, addresses, isStale);
    // Remembered from one look to the next: another DEL may have left a chain to this one.
    for (const { element } of stale) chains.add(element.chain);
    const unused = unusedChains(connection, table, chains, stale);
    const own = stale.map(({ map, element }) => deleteElement({ table, name: map }, element.key));
    if (there.use === tableParts + unused.length) return { own, whole: [deleteTable(table)] };
    const whole = [...own, ...unused.map((chain) => deleteChain({ table, name: chain }))];
    return { own, whole: unused.length > 0 ? whole : undefined };
  });
}

/** The elements of these addresses, or without addresses all, whose comments are stale. */
function locate(
  connection: Connection,
  table: Table,
  addresses: readonly CIDR[],
  isStale: (owner: string) => boolean,
): Located[] {
  if (addresses.length > 0) {
    const maps = addresses.map(({ ip }) => families[ip.family].map);
    return connection
      .exchange(addresses.map(({ ip }) => getElement({ table, name: families[ip.family].map }, ipBytes(ip))))
      .flatMap(({ messages }, index) =>
        messages
          .flatMap((message) => decodeElements(message, isStale))
          .map((element) => ({ map: maps[index] ?? '', element })),
      );
  }
  return bothFamilies.flatMap((of) => {
    const { map } = families[of];
    // Almost all of a busy host's belong to somebody else.
    const stale = connection.collect(listElements({ table, name: map }), (message) =>
      decodeElements(message, isStale),
    );
    // On a busy host a dump may have an element more than once.
    const each = new Map(stale.flat().map((element) => [String(element.key), element]));
    return [...each.values()].map((element) => ({ map, element }));
  });
}

/** Those of the chains that nothing but these elements leads to. */
function unusedChains(
  connection: Connection,
  table: Table,
  chains: ReadonlySet<string>,
  stale: readonly Located[],
): string[] {
  const names = [...chains];
  if (names.length === 0) return [];
  const [base, ...replies] = connection.exchange(
    [baseChain, ...names].map((name) => getChain({ table, name })),
  );
  // A chain without its rules is used by its elements alone, however many rules it was counted with.
  const rules = isFlushed(base) ? 0 : subnetRules;
  return names.filter((name, index) => {
    const use = chainOf(replies[index])?.use;
    return use === rules + stale.filter(({ element }) => element.chain === name).length;
  });
}
