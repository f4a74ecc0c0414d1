import type { Attachment } from '../ipam/config.ts';
import { attributes } from '../netlink/attribute.ts';
import { readBe32 } from '../netlink/bytes.ts';
import type { Connection, NetlinkRequest } from '../netlink/connection.ts';
import { isErrno } from '../netlink/error.ts';
import {
  type CIDR,
  type Family,
  family,
  formatCIDR,
  ipBytes,
  parseCIDR,
  subnetOf,
  width,
} from '../netlink/ip.ts';
import { deleteChain, getChain, hookNumber, newChain, newRule } from '../netlink/nftables/chain.ts';
import {
  type Expression,
  equals,
  immediate,
  lookupVerdict,
  mask,
  masquerade,
  meta,
  metaKey,
  payload,
  payloadBase,
  verdictCode,
} from '../netlink/nftables/expression.ts';
import {
  decodeElements,
  deleteElement,
  type Element,
  getElement,
  keyType,
  listElements,
  newElement,
  newElementOperation,
  newVerdictMap,
} from '../netlink/nftables/map.ts';
import {
  commit,
  deleteTable,
  getGeneration,
  getTable,
  newTable,
  nfproto,
  type Table,
} from '../netlink/nftables/message.ts';
import { abbreviate, ownerLabel } from './owner.ts';

/** What a family's packets look like: the map of its sources, and where the header has its addresses. */
const families = {
  [family.ipv4]: {
    map: 'sources4',
    keyType: keyType.ipv4_addr,
    proto: nfproto.ipv4,
    source: 12,
    destination: 16,
    multicast: '224.0.0.0/4',
  },
  [family.ipv6]: {
    map: 'sources6',
    keyType: keyType.ipv6_addr,
    proto: nfproto.ipv6,
    source: 8,
    destination: 24,
    multicast: 'ff00::/8',
  },
} as const;

const bothFamilies: readonly Family[] = [family.ipv4, family.ipv6];

/** NF_IP_PRI_NAT_SRC */
const sourceNatPriority = 100;
const baseChain = 'postrouting';
/** The rules of a subnet's chain; what else counts as a use of it is an element. */
const subnetRules = 3;
/** The base chain and the two maps; what else counts as a use of the table is a subnet's chain. */
const tableParts = 3;
/** How often a transaction is tried again after another plugin's came between. */
const attempts = 20;

/** The table of a network: one for each, since two networks may use the same addresses. */
export function masqueradeTable(network: string): Table {
  return { family: nfproto.inet, name: `cni-bridge-${abbreviate(network, 200)}` };
}

/** A chain's name: `masquerade-10.15.20.0/24`; colons, which nft's grammar has not in names, become `_`. */
function subnetChain(cidr: CIDR): string {
  return `masquerade-${formatCIDR(subnetOf(cidr)).replaceAll(':', '_')}`;
}

function destinedFor({ proto, destination }: (typeof families)[Family], cidr: CIDR): Expression[] {
  const bits = width(cidr.ip.family);
  const ones = { family: cidr.ip.family, value: (1n << BigInt(bits)) - 1n };
  return [
    meta(metaKey.nfproto),
    equals(Uint8Array.of(proto)),
    payload(payloadBase.network, destination, bits / 8),
    mask(ipBytes(subnetOf({ ip: ones, prefix: cidr.prefix }).ip)),
    equals(ipBytes(subnetOf(cidr).ip)),
  ];
}

/** The table, its maps, and the chain that looks sources up. */
function networkMessages(table: Table): NetlinkRequest[] {
  return [
    newTable(table),
    newChain(table, baseChain, { type: 'nat', number: hookNumber.postrouting, priority: sourceNatPriority }),
    ...bothFamilies.flatMap((of, index) => {
      const { map, keyType: type, proto, source } = families[of];
      const bytes = width(of) / 8;
      return [
        newVerdictMap(table, map, type, bytes, index + 1),
        newRule(table, baseChain, [
          meta(metaKey.nfproto),
          equals(Uint8Array.of(proto)),
          payload(payloadBase.network, source, bytes),
          lookupVerdict(map),
        ]),
      ];
    }),
  ];
}

/** A subnet's chain: what stays in the subnet and multicast go as they are, the rest is masqueraded. */
function subnetMessages(table: Table, cidr: CIDR): NetlinkRequest[] {
  const chain = subnetChain(cidr);
  const shape = families[cidr.ip.family];
  const multicast = parseCIDR(shape.multicast) ?? cidr;
  return [
    newChain(table, chain),
    newRule(table, chain, [...destinedFor(shape, cidr), immediate(verdictCode.return)]),
    newRule(table, chain, [...destinedFor(shape, multicast), immediate(verdictCode.return)]),
    newRule(table, chain, [masquerade()]),
  ];
}

/**
 * Masquerades what leaves the subnets of an attachment's addresses. Sends the map elements, and what they need
 * only where it is missing.
 * @throws NetlinkError
 */
export function addMasquerade(
  connection: Connection,
  attachment: Attachment,
  addresses: readonly CIDR[],
): void {
  const table = masqueradeTable(attachment.network);
  const comment = ownerLabel(attachment);
  const elements = addresses.map((cidr) =>
    newElement(table, families[cidr.ip.family].map, verdictCode.goto, {
      key: ipBytes(cidr.ip),
      chain: subnetChain(cidr),
      comment,
    }),
  );
  let stale: NetlinkRequest[] = [];
  for (let attempt = 1; ; attempt++) {
    // Asked first: the kernel takes 10 ms to take back a transaction that it refuses.
    const missing = missingMessages(connection, table, addresses);
    try {
      commit(connection, [...missing, ...stale, ...elements]);
      return;
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EEXIST') || attempt === attempts) throw error;
      // An address that is ours now and still stands in the map was left by an attachment that is no more.
      const taken = error.operation === newElementOperation && error.errnoName === 'EEXIST';
      stale = taken ? staleMessages(connection, table, addresses) : [];
    }
  }
}

function missingMessages(connection: Connection, table: Table, addresses: readonly CIDR[]): NetlinkRequest[] {
  const subnets = new Map(addresses.map((cidr) => [subnetChain(cidr), cidr]));
  const [base, ...chains] = connection.exchange([
    getChain(table, baseChain),
    ...[...subnets.keys()].map((name) => getChain(table, name)),
  ]);
  return [
    ...(base?.error === undefined ? [] : networkMessages(table)),
    ...[...subnets.values()].flatMap((cidr, index) =>
      chains[index]?.error === undefined ? [] : subnetMessages(table, cidr),
    ),
  ];
}

function staleMessages(connection: Connection, table: Table, addresses: readonly CIDR[]): NetlinkRequest[] {
  const maps = addresses.map(({ ip }) => ({ map: families[ip.family].map, key: ipBytes(ip) }));
  const replies = connection.exchange(maps.map(({ map, key }) => getElement(table, map, key)));
  return maps.flatMap(({ map, key }, index) =>
    replies[index]?.error === undefined ? [deleteElement(table, map, key)] : [],
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
export function removeMasquerade(
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
export function removeStaleMasquerade(
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
  for (let attempt = 1; ; attempt++) {
    const [generationReply, tableReply] = connection.exchange([getGeneration(), getTable(table)]);
    // No table, or a kernel without nf_tables: there is nothing of ours.
    if (isErrno(tableReply?.error, 'EPERM')) throw tableReply.error;
    if (tableReply?.error !== undefined) return;
    const stale = locate(connection, table, addresses).filter(({ element }) => isStale(element.comment));
    for (const { element } of stale) chains.add(element.chain);
    const unused = unusedChains(connection, table, chains, stale);
    const tableUse = readBe32(attributes(tableReply?.messages[0]?.body.subarray(4)).get(3));
    const emptied = tableUse === tableParts + unused.length;
    // Chains and table go only if nobody has begun to use them since they were looked at.
    const guarded = emptied || unused.length > 0;
    if (stale.length === 0 && !guarded) return;
    const elements = stale.map(({ map, element }) => deleteElement(table, map, element.key));
    const messages = emptied
      ? [deleteTable(table)]
      : [...elements, ...unused.map((chain) => deleteChain(table, chain))];
    const generation = readBe32(attributes(generationReply?.messages[0]?.body.subarray(4)).get(1));
    try {
      commit(connection, messages, guarded ? generation : undefined);
      if (guarded) return;
      // Another DEL may have taken the chain's other elements meanwhile, each leaving the chain to the other: look
      // once more.
    } catch (error) {
      if (!isErrno(error, 'ERESTART', 'ENOENT', 'EBUSY')) throw error;
      if (attempt < attempts) continue;
      // The ruleset never rests: the elements at least are gone.
      if (elements.length > 0) commit(connection, elements);
      return;
    }
  }
}

function locate(connection: Connection, table: Table, addresses: readonly CIDR[]): Located[] {
  if (addresses.length > 0) {
    const maps = addresses.map(({ ip }) => families[ip.family].map);
    return connection
      .exchange(addresses.map(({ ip }) => getElement(table, families[ip.family].map, ipBytes(ip))))
      .flatMap(({ messages }, index) =>
        messages.flatMap(decodeElements).map((element) => ({ map: maps[index] ?? '', element })),
      );
  }
  return bothFamilies.flatMap((of) => {
    const { map } = families[of];
    return connection
      .dump(listElements(table, map))
      .flatMap(decodeElements)
      .map((element) => ({ map, element }));
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
  const replies = connection.exchange(names.map((name) => getChain(table, name)));
  return names.filter((name, index) => {
    const use = readBe32(attributes(replies[index]?.messages[0]?.body.subarray(4)).get(6));
    return use === subnetRules + stale.filter(({ element }) => element.chain === name).length;
  });
}
