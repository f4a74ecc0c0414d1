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
import { load, sourceNat } from '../../../netlink/nftables/source-nat.ts';
import { newTable } from '../../../netlink/nftables/table.ts';
import { abbreviate } from '../../attach/owner.ts';
import { type Policy, policyDigits } from './policy.ts';

// Our table, one for each network: a map from source addresses to their subnets' chains.

/** A family: the map of its sources, and where the header has the addresses. */
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
/** How many rules a subnet's chain has without a policy; its other uses are elements. */
export const subnetRules = 3;
/** The base chain and the two maps; the table's other uses are the subnets' chains. */
export const tableParts = 3;

/** A network's table. Each has its own, since two networks may use the same addresses. */
export function ownTable(network: string): Table {
  return { family: nfproto.inet, name: `cni-bridge-${abbreviate(network, 200)}` };
}

/** The base chain, which looks up sources. */
export function baseChainOf(table: Table): Chain {
  return { table, name: 'postrouting' };
}

/** The map of a family's sources. */
export function mapOf(table: Table, of: Family): VerdictMap {
  return { table, name: families[of].map };
}

/** Whether the base chain has lost its rules, as after `nft flush table`, judged by its number of uses. */
export function isFlushed(baseUse: number): boolean {
  return baseUse < baseRules;
}

/** A subnet, and how its traffic is masqueraded. */
export interface Source {
  readonly cidr: CIDR;
  /** Undefined for the usual way. */
  readonly policy: Policy | undefined;
}

/** How many rules a subnet's chain has. */
export function rulesIn({ policy }: Pick<Source, 'policy'>): number {
  return subnetRules + (policy?.spared.length ?? 0);
}

const chainPrefix = 'masquerade-';

/**
 * The name of a subnet's chain: `masquerade-10.15.20.0/24`, with a policy `masquerade-10.15.20.0/24-1a2b3c4d`. Colons
 * become `_`, since the nft command allows none in names.
 */
export function subnetChain({ cidr, policy }: Source): string {
  const name = `${chainPrefix}${formatCIDR(subnetOf(cidr)).replaceAll(':', '_')}`;
  return policy === undefined ? name : `${name}-${policyDigits(policy)}`;
}

/** The subnet of a subnet's chain without a policy; undefined for any other chain. */
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

/** Creates a network's table: its maps, and the base chain. */
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

/** The base chain's rule for a family: look up the source. */
function lookupRule(table: Table, of: Family): NetlinkRequest {
  const { map, proto, source } = families[of];
  return newRule(baseChainOf(table), [
    meta(metaKey.nfproto),
    equals(Uint8Array.of(proto)),
    payload(payloadBase.network, source, width(of) / 8),
    lookupVerdict(map),
  ]);
}

/**
 * Creates a subnet's chain: traffic within the subnet, multicast and what the policy spares pass unchanged, the rest is
 * masqueraded.
 */
export function subnetMessages(table: Table, source: Source): NetlinkRequest[] {
  return [newChain({ table, name: subnetChain(source) }), ...subnetRulesOf(table, source)];
}

/**
 * Restores the flushed rules of a table that still has its chains and maps. Flushes again first, since another ADD may
 * be restoring them too. Others' chains with a policy are left to them, since nothing tells their rules.
 * @param chains the names of the table's chains
 * @param own the sources of the ADD, by the names of their chains
 */
export function refillMessages(
  table: Table,
  chains: readonly string[],
  own: ReadonlyMap<string, Source>,
): NetlinkRequest[] {
  return [
    flushChain(baseChainOf(table)),
    ...bothFamilies.map((of) => lookupRule(table, of)),
    ...chains.flatMap((chain) => {
      const cidr = subnetOfChain(chain);
      const source = own.get(chain) ?? (cidr && { cidr, policy: undefined });
      return source === undefined
        ? []
        : [flushChain({ table, name: chain }), ...subnetRulesOf(table, source)];
    }),
  ];
}

function subnetRulesOf(table: Table, source: Source): NetlinkRequest[] {
  const { cidr, policy } = source;
  const chain = { table, name: subnetChain(source) };
  const shape = families[cidr.ip.family];
  const multicast = parseCIDR(shape.multicast) ?? cidr;
  const spared = [cidr, multicast, ...(policy?.spared ?? [])];
  const translate =
    policy?.outbound === undefined
      ? [masquerade()]
      : [load(ipBytes(policy.outbound)), sourceNat(shape.proto)];
  return [
    ...spared.map((to) => newRule(chain, [...destinedFor(shape, to), immediate(verdictCode.return)])),
    newRule(chain, translate),
  ];
}
