import type { Attachment } from '../../../cni/attachment.ts';
import type { Connection, NetlinkRequest } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type CIDR, ipBytes } from '../../../netlink/ip.ts';
import {
  chainUseOf,
  decodeChain,
  deleteChain,
  getChain,
  listChains,
} from '../../../netlink/nftables/chain.ts';
import {
  decodeElements,
  deleteElement,
  type Element,
  getElement,
  isTaken,
  listElements,
  newElement,
  type VerdictMap,
} from '../../../netlink/nftables/map.ts';
import type { Table } from '../../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../../netlink/nftables/remove.ts';
import { listRules } from '../../../netlink/nftables/rule.ts';
import { deleteTable, getTable, tableOf } from '../../../netlink/nftables/table.ts';
import { commitFresh } from '../../../netlink/nftables/transaction.ts';
import { ownerLabel } from '../../attach/owner.ts';
import type { MasqueradeConfig } from '../../config/masquerade.ts';
import { isLacking, notAvailable } from '../connection.ts';
import {
  baseChainOf,
  bothFamilies,
  isFlushed,
  mapOf,
  networkMessages,
  ownTable,
  refillMessages,
  rulesIn,
  type Source,
  subnetChain,
  subnetMessages,
  subnetOfChain,
  subnetRules,
  tableParts,
} from './own-table.ts';
import { policyOf } from './policy.ts';

const usual = { outboundAddresses: [], noMasquerade: [] };

/**
 * Masquerades traffic that leaves an attachment's subnets. Sends the map elements, and what they need only if it is
 * missing.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function addNftables(
  connection: Connection,
  attachment: Attachment,
  addresses: readonly CIDR[],
  config: Pick<MasqueradeConfig, 'outboundAddresses' | 'noMasquerade'> = usual,
): void {
  const table = ownTable(attachment.network);
  const comment = ownerLabel(attachment);
  const sources = new Map<string, Source>();
  const elements = addresses.map((cidr) => {
    const source = { cidr, policy: policyOf(cidr.ip.family, config) };
    const chain = subnetChain(source);
    sources.set(chain, source);
    return newElement(mapOf(table, cidr.ip.family), { key: ipBytes(cidr.ip), chain, comment });
  });
  let isAddressTaken = false;
  let isSelfContained = false;
  const look = (): NetlinkRequest[] => {
    // Checked first: the kernel takes 10 ms to roll back a transaction that it refuses.
    const { messages, isAll } = missingMessages(connection, table, sources);
    // If our new address is already in the map, an attachment that is gone left it there.
    const stale = isAddressTaken ? staleMessages(connection, table, addresses) : [];
    isSelfContained = isAll && stale.length === 0;
    return [...messages, ...stale, ...elements];
  };
  commitFresh(connection, look, (error) => {
    if (isLacking(error, isSelfContained)) {
      const options = 'CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT and CONFIG_NFT_MASQ';
      throw notAvailable('masquerading by nftables', error, options);
    }
    isAddressTaken = isTaken(error);
    return isErrno(error, 'ENOENT', 'EEXIST', 'EBUSY');
  });
}

/** What has to be created before the elements, and whether that is everything they need. */
interface Missing {
  readonly messages: NetlinkRequest[];
  readonly isAll: boolean;
}

function missingMessages(
  connection: Connection,
  table: Table,
  sources: ReadonlyMap<string, Source>,
): Missing {
  const [base, ...chains] = connection
    .exchange([getChain(baseChainOf(table)), ...[...sources.keys()].map((name) => getChain({ table, name }))])
    .map(chainUseOf);
  const each = [...sources.values()];
  const missing = each.filter((_, index) => chains[index] === undefined);
  const subnetsMessages = missing.flatMap((source) => subnetMessages(table, source));
  if (base === undefined) {
    return {
      messages: [...networkMessages(table), ...subnetsMessages],
      isAll: missing.length === sources.size,
    };
  }
  // A chain has certainly lost rules if it has fewer uses: elements may make up for their number.
  const hasLost = each.some((source, index) => (chains[index] ?? rulesIn(source)) < rulesIn(source));
  const refilled = isFlushed(base) || hasLost ? refill(connection, table, sources) : [];
  return { messages: [...refilled, ...subnetsMessages], isAll: false };
}

/** The rules of a table that somebody flushed, which keeps its chains and maps. */
function refill(
  connection: Connection,
  table: Table,
  sources: ReadonlyMap<string, Source>,
): NetlinkRequest[] {
  const chains = connection.dump(listChains(table)).map(decodeChain);
  const own = chains.filter((chain) => chain.table === table.name);
  return refillMessages(
    table,
    own.map(({ name }) => name),
    sources,
  );
}

function staleMessages(connection: Connection, table: Table, addresses: readonly CIDR[]): NetlinkRequest[] {
  const keys = addresses.map(({ ip }) => ({ map: mapOf(table, ip.family), key: ipBytes(ip) }));
  const replies = connection.exchange(keys.map(({ map, key }) => getElement(map, key)));
  return keys.flatMap(({ map, key }, index) =>
    replies[index]?.error === undefined ? [deleteElement(map, key)] : [],
  );
}

/** An element with the map that it is in. */
interface Located {
  readonly map: VerdictMap;
  readonly element: Element;
}

/** Which elements a DEL or a GC removes from a network's table. */
export interface StaleElements {
  /** If known; else every element is looked at. */
  readonly addresses: readonly CIDR[];
  /** @param owner the element's comment */
  isStale(owner: string): boolean;
}

/**
 * Removes these elements in one transaction. A subnet's chain is deleted with its last element, the table with its last
 * chain.
 * @throws NetlinkError
 */
export function removeNftables(
  connection: Connection,
  network: string,
  { addresses, isStale }: StaleElements,
): void {
  const table = ownTable(network);
  const chains = new Set<string>();
  remove(connection, (): Removal => {
    const [reply] = connection.exchange([getTable(table)]);
    // No table, or a kernel without nf_tables: there is nothing to remove.
    if (isErrno(reply?.error, 'EPERM')) throw reply.error;
    const live = tableOf(reply);
    if (live === undefined) return { own: [] };
    const stale =
      addresses.length > 0
        ? findElements(connection, table, addresses).filter(({ element }) => isStale(element.comment))
        : listStale(connection, table, isStale);
    // Kept between looks: another DEL may have left a chain to this one.
    for (const { element } of stale) chains.add(element.chain);
    const unused = unusedChains(connection, table, chains, stale);
    const own = stale.map(({ map, element }) => deleteElement(map, element.key));
    // The chains before the table: EBUSY protects a chain that is still in use.
    const whole = [...own, ...unused.map((name) => deleteChain({ table, name }))];
    if (live.use === tableParts + unused.length) return { own, whole: [...whole, deleteTable(table)] };
    return { own, whole: unused.length > 0 ? whole : undefined };
  });
}

function findElements(connection: Connection, table: Table, addresses: readonly CIDR[]): Located[] {
  const keys = addresses.map(({ ip }) => ({ map: mapOf(table, ip.family), key: ipBytes(ip) }));
  const replies = connection.exchange(keys.map(({ map, key }) => getElement(map, key)));
  return keys.flatMap(({ map }, index) =>
    (replies[index]?.messages ?? [])
      .flatMap((message) => decodeElements(message))
      .map((element) => ({ map, element })),
  );
}

function listStale(connection: Connection, table: Table, isStale: (owner: string) => boolean): Located[] {
  return bothFamilies.flatMap((of) => {
    const map = mapOf(table, of);
    // On a busy host almost all elements belong to others.
    const stale = connection.collect(listElements(map), (message) => decodeElements(message, isStale));
    // On a busy host a dump may return an element more than once.
    const each = new Map(stale.flat().map((element) => [String(element.key), element]));
    return [...each.values()].map((element) => ({ map, element }));
  });
}

/** The chains that only these elements lead to. */
function unusedChains(
  connection: Connection,
  table: Table,
  chains: ReadonlySet<string>,
  stale: readonly Located[],
): string[] {
  const names = [...chains];
  if (names.length === 0) return [];
  const [base, ...replies] = connection
    .exchange([getChain(baseChainOf(table)), ...names.map((name) => getChain({ table, name }))])
    .map(chainUseOf);
  const areFlushed = base !== undefined && isFlushed(base);
  /** A policy isn't known any more, but its rules are there to be counted. */
  const rulesOf = (name: string): number => {
    if (subnetOfChain(name) === undefined) return connection.dump(listRules({ table, name })).length;
    return areFlushed ? 0 : subnetRules;
  };
  return names.filter((name, index) => {
    const own = stale.filter(({ element }) => element.chain === name).length;
    const use = replies[index];
    // A chain that somebody flushed is used by its elements alone.
    return use === own || use === rulesOf(name) + own;
  });
}
