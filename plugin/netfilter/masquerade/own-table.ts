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
import { hookNumber, newChain } from '../../../netlink/nftables/chain.ts';
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
import { keyType, newVerdictMap } from '../../../netlink/nftables/map.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { flushChain, newRule } from '../../../netlink/nftables/rule.ts';
import { newTable } from '../../../netlink/nftables/table.ts';
import { abbreviate } from '../../attach/owner.ts';

/** What a family's packets look like: the map of its sources, and where the header has its addresses. */
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

export const bothFamilies: readonly Family[] = [family.ipv4, family.ipv6];

/** NF_IP_PRI_NAT_SRC */
const sourceNatPriority = 100;
export const baseChain = 'postrouting';
/** The rules of the base chain. */
export const baseRules = 2;
/** The rules of a subnet's chain; what else counts as a use of it is an element. */
export const subnetRules = 3;
/** The base chain and the two maps; what else counts as a use of the table is a subnet's chain. */
export const tableParts = 3;
/** The table of a network: one for each, since two networks may use the same addresses. */
export function masqueradeTable(network: string): Table {
  return { family: nfproto.inet, name: `cni-bridge-${abbreviate(network, 200)}` };
}

const chainPrefix = 'masquerade-';

/** A chain's name: `masquerade-10.15.20.0/24`; colons, which nft's grammar has not in names, become `_`. */
export function subnetChain(cidr: CIDR): string {
  return `${chainPrefix}${formatCIDR(subnetOf(cidr)).replaceAll(':', '_')}`;
}

/** The subnet that a chain is of; undefined for another chain. */
export function subnetOfChain(name: string): CIDR | undefined {
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

/** The table, its maps, and the chain that looks sources up. */
export function networkMessages(table: Table): NetlinkRequest[] {
  return [
    newTable(table),
    newChain(
      { table, name: baseChain },
      { type: 'nat', number: hookNumber.postrouting, priority: sourceNatPriority },
    ),
    ...bothFamilies.flatMap((of, index) => {
      const { map, keyType: type } = families[of];
      return [newVerdictMap({ table, name: map }, type, index + 1), lookupRule(table, of)];
    }),
  ];
}

/** Looks a family's sources up. */
function lookupRule(table: Table, of: Family): NetlinkRequest {
  const { map, proto, source } = families[of];
  return newRule({ table, name: baseChain }, [
    meta(metaKey.nfproto),
    equals(Uint8Array.of(proto)),
    payload(payloadBase.network, source, width(of) / 8),
    lookupVerdict(map),
  ]);
}

/** A subnet's chain: what stays in the subnet and multicast go as they are, the rest is masqueraded. */
export function subnetMessages(table: Table, cidr: CIDR): NetlinkRequest[] {
  return [newChain({ table, name: subnetChain(cidr) }), ...subnetRulesOf(table, cidr)];
}

/** The rules of a table that has its chains and maps, and had its rules flushed, whoever fills it at the same time. */
export function refillMessages(table: Table, chains: readonly string[]): NetlinkRequest[] {
  return [
    flushChain({ table, name: baseChain }),
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
