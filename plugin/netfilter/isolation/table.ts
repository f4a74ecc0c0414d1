import type { NetlinkRequest } from '../../../netlink/connection.ts';
import { type Chain, hookNumber, newChain } from '../../../netlink/nftables/chain.ts';
import {
  type Expression,
  equals,
  immediate,
  lookupVerdict,
  meta,
  metaKey,
  paddedName,
  verdictCode,
} from '../../../netlink/nftables/expression.ts';
import { keyType, newElement, newVerdictMap, type VerdictMap } from '../../../netlink/nftables/map.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { flushChain, newRule } from '../../../netlink/nftables/rule.ts';
import { newTable } from '../../../netlink/nftables/table.ts';

// The table of all isolated networks. A packet takes one lookup by the link that it came in on, and one by the link that
// it goes out on, however many networks there are.

/** The only table of ours that doesn't begin with `cni-bridge-`, which a network's name follows. */
export const isolationTable: Table = { family: nfproto.inet, name: 'cni-isolate' };

const chainNamed = (name: string): Chain => ({ table: isolationTable, name });
const mapNamed = (name: string): VerdictMap => ({ table: isolationTable, name });

/** The base chain, and the chain of what is refused. */
export const baseChain = chainNamed('forward');
export const refusedChain = chainNamed('refused');
/** How many rules the base chain has. */
export const baseRules = 2;

export const maps = {
  /** From each attachment's host veth to its link's {@link ledgerOf}: who still needs what the link has. */
  ports: mapNamed('ports'),
  /** From the link of each isolated network to its {@link chainOfLink}. */
  links: mapNamed('links'),
  /** From the same to {@link refusedChain}: looked up by isolated networks. */
  isolated: mapNamed('isolated'),
  /** From those that are strict: looked up by every other bridge. */
  strict: mapNamed('strict'),
} as const;

/** The base chain, the chain of what is refused, and the maps; other uses of the table are two chains for each link. */
export const tableParts = 6;
export const chainsOfLink = 2;

/** The chain that packets from a link go through. */
export function chainOfLink(link: string): Chain {
  return chainNamed(`from-${link}`);
}

const ledgerPrefix = 'ports-';

/** A chain without rules, whose uses are the attachments of a link. */
export function ledgerOf(link: string): Chain {
  return chainNamed(`${ledgerPrefix}${link}`);
}

/** The link of a ledger; undefined for any other chain. */
export function linkOfLedger(chain: string): string | undefined {
  return chain.startsWith(ledgerPrefix) ? chain.slice(ledgerPrefix.length) : undefined;
}

const isBridge = (key: number): Expression[] => [meta(key), equals(paddedName('bridge'))];

/** Of those that came in on no isolated link, only what goes from another bridge to a strict network is looked at. */
function baseMessages(): NetlinkRequest[] {
  return [
    newRule(baseChain, [meta(metaKey.iifname), lookupVerdict(maps.links.name)]),
    newRule(baseChain, [
      ...isBridge(metaKey.iifkind),
      meta(metaKey.oifname),
      lookupVerdict(maps.strict.name),
    ]),
    newRule(refusedChain, [immediate(verdictCode.drop)]),
  ];
}

/** Creates the table. */
export function tableMessages(): NetlinkRequest[] {
  const hook = { type: 'filter', number: hookNumber.forward, priority: 0 } as const;
  const all = Object.values(maps);
  return [
    newTable(isolationTable),
    newChain(baseChain, hook),
    newChain(refusedChain),
    ...all.map((map, index) => newVerdictMap(map, keyType.ifname, index + 1)),
    ...baseMessages(),
  ];
}

function linkRules(link: string, isStrict: boolean): NetlinkRequest[] {
  const chain = chainOfLink(link);
  const rules = [
    newRule(chain, [meta(metaKey.oifname), equals(paddedName(link)), immediate(verdictCode.return)]),
    newRule(chain, [meta(metaKey.oifname), lookupVerdict(maps.isolated.name)]),
  ];
  return isStrict ? [...rules, strictRule(link)] : rules;
}

function strictRule(link: string): NetlinkRequest {
  return newRule(chainOfLink(link), [...isBridge(metaKey.oifkind), immediate(verdictCode.drop)]);
}

/** How many rules a link's chain has. */
export function linkRuleCount(isStrict: boolean): number {
  return isStrict ? 3 : 2;
}

/** Adds a link, whose chains and elements do not exist. */
export function linkMessages(link: string, isStrict: boolean): NetlinkRequest[] {
  const key = paddedName(link);
  return [
    newChain(ledgerOf(link)),
    newChain(chainOfLink(link)),
    ...linkRules(link, false),
    newElement(maps.links, { key, chain: chainOfLink(link).name, comment: '' }),
    newElement(maps.isolated, { key, chain: refusedChain.name, comment: '' }),
    ...(isStrict ? strictMessages(link) : []),
  ];
}

/** Makes a link strict. */
export function strictMessages(link: string): NetlinkRequest[] {
  return [
    strictRule(link),
    newElement(maps.strict, { key: paddedName(link), chain: refusedChain.name, comment: '' }),
  ];
}

/** Restores the rules of a table that was flushed, and still has its chains and elements. */
export function refillMessages(links: readonly { name: string; isStrict: boolean }[]): NetlinkRequest[] {
  return [
    flushChain(baseChain),
    flushChain(refusedChain),
    ...baseMessages(),
    ...links.flatMap(({ name, isStrict }) => [flushChain(chainOfLink(name)), ...linkRules(name, isStrict)]),
  ];
}
