import type { NetlinkRequest } from '../../../netlink/connection.ts';
import {
  type CIDR,
  type Family,
  family,
  formatCIDR,
  ipBytes,
  parseCIDR,
  subnetOf,
  width,
} from '../../../netlink/ip.ts';
import { type Chain, hookNumber, newChain } from '../../../netlink/nftables/chain.ts';
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
} from '../../../netlink/nftables/expression.ts';
import { keyType, newVerdictMap, type VerdictMap } from '../../../netlink/nftables/map.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { flushChain, newRule } from '../../../netlink/nftables/rule.ts';
import { newTable } from '../../../netlink/nftables/table.ts';
import { abbreviate } from '../../attach/owner.ts';

// The table that we masquerade in, one for each network: a map from source addresses to the chains of their subnets.

/** A family's packets: the map of its sources, and where the header has its addresses. */
export const families = {
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

/** The families in the order of their maps. */
export const bothFamilies: readonly Family[] = [family.ipv4, family.ipv6];

/** NF_IP_PRI_NAT_SRC */
const sourceNatPriority = 100;
/** How many rules the base chain has. */
export const baseRules = 2;
/** How many rules a subnet's chain has; its other users are elements. */
export const subnetRules = 3;
/** The base chain and the two maps; the table's other users are subnets' chains. */
export const tableParts = 3;

/** Our table for a network. Each has its own, since two networks may use the same addresses. */
export function ownTable(network: string): Table {
  return { family: nfproto.inet, name: `cni-bridge-${abbreviate(network, 200)}` };
}

/** The base chain, which looks sources up. */
export function baseChainOf(table: Table): Chain {
  return { table, name: 'postrouting' };
}

/** The map of a family's sources. */
export function mapOf(table: Table, of: Family): VerdictMap {
  return { table, name: families[of].map };
}

/** Whether the base chain has lost its rules, as after `nft flush table`, by the number of its uses. */
export function isFlushed(baseUse: number): boolean {
  return baseUse < baseRules;
}

/** Whether a subnet's chain has certainly lost its rules: it may have as many elements as it had rules. */
export function isSubnetFlushed(use: number): boolean {
  return use < subnetRules;
}

const chainPrefix = 'masquerade-';

/** The name of a subnet's chain: `masquerade-10.15.20.0/24`. Colons become `_`, for the nft command takes none in names. */
export function subnetChain(cidr: CIDR): string {
  return `${chainPrefix}${formatCIDR(subnetOf(cidr)).replaceAll(':', '_')}`;
}

/** The subnet that a chain is for; undefined for any other chain. */
function subnetOfChain(name: string): CIDR | undefined {
  return name.startsWith(chainPrefix)
    ? parseCIDR(name.slice(chainPrefix.length).replaceAll('_', ':'))
    : undefined;
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

/** Makes a network's table: its maps, and the base chain. */
export function networkMessages(table: Table): NetlinkRequest[] {
  return [
    newTable(table),
    newChain(baseChainOf(table), {
      type: 'nat',
      number: hookNumber.postrouting,
      priority: sourceNatPriority,
    }),
    ...bothFamilies.flatMap((of, index) => [
      newVerdictMap(mapOf(table, of), families[of].keyType, index + 1),
      lookupRule(table, of),
    ]),
  ];
}

/** The base chain's rule for a family: look the source up. */
function lookupRule(table: Table, of: Family): NetlinkRequest {
  const { map, proto, source } = families[of];
  return newRule(baseChainOf(table), [
    meta(metaKey.nfproto),
    equals(Uint8Array.of(proto)),
    payload(payloadBase.network, source, width(of) / 8),
    lookupVerdict(map),
  ]);
}

/** Makes a subnet's chain: traffic within the subnet and multicast stay as they are, the rest is masqueraded. */
export function subnetMessages(table: Table, cidr: CIDR): NetlinkRequest[] {
  return [newChain({ table, name: subnetChain(cidr) }), ...subnetRulesOf(table, cidr)];
}

/**
 * Refills a table that has its chains and maps, and had its rules flushed. Flushes them again first, for another ADD
 * may be refilling it too.
 * @param chains the names of the table's chains
 */
export function refillMessages(table: Table, chains: readonly string[]): NetlinkRequest[] {
  return [
    flushChain(baseChainOf(table)),
    ...bothFamilies.map((of) => lookupRule(table, of)),
    ...chains.flatMap((chain) => {
      const cidr = subnetOfChain(chain);
      return cidr === undefined ? [] : [flushChain({ table, name: chain }), ...subnetRulesOf(table, cidr)];
    }),
  ];
}

function subnetRulesOf(table: Table, cidr: CIDR): NetlinkRequest[] {
  const chain = { table, name: subnetChain(cidr) };
  const shape = families[cidr.ip.family];
  const multicast = parseCIDR(shape.multicast) ?? cidr;
  return [
    newRule(chain, [...destinedFor(shape, cidr), immediate(verdictCode.return)]),
    newRule(chain, [...destinedFor(shape, multicast), immediate(verdictCode.return)]),
    newRule(chain, [masquerade()]),
  ];
}
