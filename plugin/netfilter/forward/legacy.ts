import { CniError, errorCode } from '../../../cni/error.ts';
import type { Family } from '../../../netlink/ip.ts';
import type { Verdict } from '../../../netlink/nftables/verdict.ts';
import { findSave, hasLegacy } from '../masquerade/iptables.ts';
import {
  findPrograms,
  programPrefix,
  restore,
  restoreFailed,
  saveTable,
} from '../masquerade/iptables-programs.ts';
import { placeIn, placesIn, type Rule } from './place.ts';
import { type Accepting, type Forwarded, isCommentOf, isSame, rulesFor } from './rules.ts';

/** How often to look again after another program changed the rules meanwhile. */
const attempts = 20;
const baseChain = 'FORWARD';

/** A rule with its line of iptables-save. */
type SavedRule = Rule & { readonly line: string };

/** A filter table as iptables-save prints it. */
interface Saved {
  readonly accepts: boolean;
  rulesOf(chain: string): readonly SavedRule[];
}

const ends: Readonly<Record<string, Verdict>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
};

const comments = /-m comment --comment (?:"((?:[^"\\]|\\.)*)"|(\S+)) ?/;

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1');
}

/** @param isChain whether a target is a chain of the table */
function ruleOf(line: string, isChain: (name: string) => boolean): SavedRule {
  const said = line.replace(/^-A \S+ /, '');
  const [, quoted, bare = ''] = comments.exec(said) ?? [];
  // Without its comment a rule for every packet is its target alone.
  const [, way, target = ''] = /^-([jg]) (\S+)/.exec(said.replace(comments, '')) ?? [];
  const chain = isChain(target) ? { chain: target, isGoto: way === 'g' } : undefined;
  return {
    line,
    comment: quoted === undefined ? bare : unquoted(quoted),
    iifname: unquoted(/(?:^|[^!] )-i (\S+)/.exec(said)?.[1] ?? ''),
    oifname: unquoted(/(?:^|[^!] )-o (\S+)/.exec(said)?.[1] ?? ''),
    verdict: ends[target] ?? chain,
  };
}

/**
 * A family's legacy filter table; undefined if it is not in use.
 * @throws CniError code 50 if no program can read it, 999 if it fails
 */
function readFilter(of: Family): Saved | undefined {
  if (!hasLegacy(of, 'filter')) return undefined;
  const save = findSave(of);
  if (save === undefined) throw withoutProgram(of, 'save');
  const lines = saveTable(save, 'filter').split('\n');
  const chains = new Set(lines.flatMap((line) => /^:(\S+) /.exec(line)?.[1] ?? []));
  const rulesOf = (chain: string): SavedRule[] =>
    lines
      .filter((line) => line.startsWith(`-A ${chain} `))
      .map((line) => ruleOf(line, (name) => chains.has(name)));
  return { accepts: lines.some((line) => line.startsWith(`:${baseChain} ACCEPT`)), rulesOf };
}

function withoutProgram(of: Family, verb: 'save' | 'restore'): CniError {
  const prefix = programPrefix[of];
  return new CniError(
    errorCode.notAvailable,
    `${prefix}-legacy-${verb} was not found`,
    `legacy ${prefix} has a filter table, which forward has to look into`,
  );
}

function restorePath(of: Family): string {
  const prefix = programPrefix[of];
  const [path] = findPrograms([`${prefix}-legacy-restore`, `${prefix}-restore`]);
  if (path === undefined) throw withoutProgram(of, 'restore');
  return path;
}

function link(option: string, name: string): string {
  return name === '' ? '' : `${option} "${name.replace(/["\\]/g, '\\$&')}" `;
}

const states = { established: 'RELATED,ESTABLISHED', translated: 'DNAT' } as const;

function acceptLine({ comment, iifname, oifname, when }: Accepting): string {
  const state = when === undefined ? '' : `-m conntrack --ctstate ${states[when]} `;
  return `${link('-i', iifname)}${link('-o', oifname)}${state}-m comment --comment "${comment}" -j ACCEPT`;
}

/** The commands of iptables-restore that add what a family lacks; none if it lacks nothing. */
function missingCommands(of: Family, forwarded: Forwarded): string[] {
  const saved = readFilter(of);
  const place = saved && placeIn(baseChain, saved.accepts, saved.rulesOf);
  if (saved === undefined || place === undefined) return [];
  const there = saved.rulesOf(place.chain).slice(0, place.index);
  const missing = rulesFor(forwarded).filter((one) => !there.some((rule) => isSame(rule, one)));
  // A number past the last rule's is for the chain's end.
  return missing.map((one, count) => `-I ${place.chain} ${place.index + count + 1} ${acceptLine(one)}`);
}

/** The legacy chains that lack rules, in words: `ip6tables-legacy filter`. @throws CniError code 50, 999 */
export function gapsInLegacy(forwarded: Forwarded): string[] {
  return forwarded.families.flatMap((of) =>
    missingCommands(of, forwarded).length === 0 ? [] : [`${programPrefix[of]}-legacy filter ${baseChain}`],
  );
}

/** Runs the commands that `look` makes of the table as it is, and looks again if they fail since it has changed. */
function apply(of: Family, look: () => readonly string[]): boolean {
  for (let attempt = 1; ; attempt++) {
    const commands = look();
    if (commands.length === 0) return attempt > 1;
    const path = restorePath(of);
    const refused = restore(path, ['*filter', ...commands, 'COMMIT', ''].join('\n'));
    if (refused === '') return true;
    const error = restoreFailed(path, refused);
    if (error.code === errorCode.tryAgain || attempt === attempts) throw error;
  }
}

/**
 * Adds the rules that are missing in legacy iptables.
 * @throws CniError code 50 if a program is missing, 11 if another held the xtables lock, 999 if it fails
 */
export function acceptInLegacy(forwarded: Forwarded): void {
  for (const of of forwarded.families) apply(of, () => missingCommands(of, forwarded));
}

/**
 * Removes a network's rules from a family's legacy filter table, unless the network is in use. Without a program to ask
 * there are none: an ADD has needed it, too.
 * @returns whether there were any
 * @throws CniError as {@link acceptInLegacy}
 */
export function removeFromLegacy(of: Family, network: string, isInUse: () => boolean): boolean {
  return apply(of, () => {
    if (findSave(of) === undefined || isInUse()) return [];
    const saved = readFilter(of);
    const rules = saved === undefined ? [] : placesIn(baseChain).flatMap(saved.rulesOf);
    return rules
      .filter(({ comment }) => isCommentOf(network, comment))
      .map(({ line }) => line.replace('-A', '-D'));
  });
}
