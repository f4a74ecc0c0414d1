import type { Attachment } from '../../../cni/attachment.ts';
import {
  type CIDR,
  type Family,
  family,
  formatCIDR,
  formatIP,
  parseCIDR,
  width,
} from '../../../netlink/ip.ts';
import { chainLabel, containerChain, containerComment } from './go-names.ts';
import { findStale, type Jump, type StaleJumps, withoutJump } from './iptables-jump.ts';
import type { Policy } from './policy.ts';

/** XT_MAX_COMMENT_LEN, less its NUL. */
const longestComment = 255;
const multicast = { [family.ipv4]: '224.0.0.0/4', [family.ipv6]: 'ff00::/8' } as const;

function commented(text: string): string {
  return `-m comment --comment "${text.slice(0, longestComment).replaceAll(/["\\]/g, '\\$&')}"`;
}

/**
 * The iptables-restore input that masquerades addresses of one family, with the Go plugin's rules and those of the
 * policy. An existing chain of that name is flushed. The jumps have the Go plugin's comment, which its DEL looks for; the
 * rules of the chain bear a label of ours, so that it can be told from a chain of the Go plugin's.
 */
export function masqueradeInput(
  attachment: Attachment,
  addresses: readonly CIDR[],
  of: Family,
  policy?: Policy,
): string {
  const chain = containerChain(attachment);
  const [label, comment] = [commented(chainLabel(attachment)), commented(containerComment(attachment))];
  const spared = [...addresses, ...(policy?.spared ?? [])];
  const target =
    policy?.outbound === undefined ? 'MASQUERADE' : `SNAT --to-source ${formatIP(policy.outbound)}`;
  return [
    '*nat',
    `:${chain} - [0:0]`,
    ...spared.map((cidr) => `-A ${chain} -d ${formatCIDR(cidr)} ${label} -j ACCEPT`),
    `-A ${chain} ! -d ${multicast[of]} ${label} -j ${target}`,
    ...addresses.map(({ ip }) => `-A POSTROUTING -s ${formatIP(ip)} ${comment} -j ${chain}`),
    'COMMIT',
    '',
  ].join('\n');
}

const jumpPattern = /^-A POSTROUTING (.*)-[jg] (\S+)$/;

/** A jump with its iptables-save line. */
type SavedJump = Jump & { readonly line: string };

/** The comment in an iptables-save line; empty if there is none. */
function commentIn(line: string): string {
  const [, quoted, bare = ''] = /--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line) ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? bare;
}

/** The comment of the first of a chain's rules; empty if there is none. */
export function savedCommentOf(saved: string, chain: string): string {
  return commentIn(saved.split('\n').find((line) => line.startsWith(`-A ${chain} `)) ?? '');
}

/** The jump in an iptables-save line; none if the line is something else. */
function jumpOf(line: string): SavedJump[] {
  const [, matches = '', target] = jumpPattern.exec(line) ?? [];
  if (target === undefined) return [];
  const [, text = ''] = /(?:^|[^!] )-s (\S+)/.exec(matches) ?? [];
  const cidr = parseCIDR(text);
  const source = cidr !== undefined && cidr.prefix === width(cidr.ip.family) ? cidr.ip : undefined;
  return [{ line, target, comment: commentIn(matches), source }];
}

/**
 * The iptables-restore input that removes the stale jumps, and the chains that nothing else jumps to.
 * @param saved the output of `iptables-save -t nat`
 * @returns an empty string if there is nothing to remove
 */
export function removalInput(saved: string, staleJumps: StaleJumps): string {
  const lines = saved.split('\n');
  const { stale, unused } = findStale(lines.flatMap(jumpOf), staleJumps);
  const commands = [
    ...stale.map(({ line }) => line.replace('-A', '-D')),
    ...unused
      .filter((name) => lines.some((line) => line.startsWith(`:${name} `)))
      .flatMap((name) => [`-F ${name}`, `-X ${name}`]),
  ];
  return commands.length === 0 ? '' : ['*nat', ...commands, 'COMMIT', ''].join('\n');
}

/**
 * The jumps from POSTROUTING to chains that have rules.
 * @param saved the output of `iptables-save -t nat`
 */
export function savedJumps(saved: string): Jump[] {
  const lines = saved.split('\n');
  const filled = new Set(lines.map((line) => /^-A (\S+) /.exec(line)?.[1]));
  return lines.flatMap(jumpOf).filter(({ target }) => filled.has(target));
}

/**
 * The first of these addresses that the chain doesn't masquerade; undefined if there is none.
 * @param saved the output of `iptables-save -t nat`
 */
export function lostAddress(saved: string, chain: string, addresses: readonly CIDR[]): CIDR | undefined {
  const lines = saved.split('\n');
  const isEmpty = !lines.some((line) => line.startsWith(`-A ${chain} `));
  return isEmpty ? addresses[0] : withoutJump(addresses, lines.flatMap(jumpOf), chain);
}
