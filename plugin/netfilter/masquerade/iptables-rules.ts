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
import { containerChain, containerComment } from './go-names.ts';
import type { Jump, Stale } from './iptables-jump.ts';

/** XT_MAX_COMMENT_LEN, less its NUL. */
const longestComment = 255;
const multicast = { [family.ipv4]: '224.0.0.0/4', [family.ipv6]: 'ff00::/8' } as const;

/**
 * What iptables-restore is given to masquerade addresses of one family, which has the rules of the Go plugin. A
 * chain of that name that is there already is emptied.
 */
export function masqueradeInput(attachment: Attachment, addresses: readonly CIDR[], of: Family): string {
  const chain = containerChain(attachment);
  const comment = `-m comment --comment "${containerComment(attachment).slice(0, longestComment).replaceAll('"', '\\"')}"`;
  return [
    '*nat',
    `:${chain} - [0:0]`,
    ...addresses.map((cidr) => `-A ${chain} -d ${formatCIDR(cidr)} ${comment} -j ACCEPT`),
    `-A ${chain} ! -d ${multicast[of]} ${comment} -j MASQUERADE`,
    ...addresses.map(({ ip }) => `-A POSTROUTING -s ${formatIP(ip)} ${comment} -j ${chain}`),
    'COMMIT',
    '',
  ].join('\n');
}

const jumpPattern = /^-A POSTROUTING (.*)-[jg] (\S+)$/;

/** The jump that a line of iptables-save is; undefined for any other line. */
function jumpOf(line: string): Jump | undefined {
  const [, matches = '', target] = jumpPattern.exec(line) ?? [];
  if (target === undefined) return undefined;
  const [, quoted, plain = ''] = /--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(matches) ?? [];
  const [, text = ''] = /(?:^|[^!] )-s (\S+)/.exec(matches) ?? [];
  const cidr = parseCIDR(text);
  return {
    target,
    comment: quoted?.replace(/\\(.)/g, '$1') ?? plain,
    source: cidr !== undefined && cidr.prefix === width(cidr.ip.family) ? cidr.ip : undefined,
  };
}

/**
 * What iptables-restore is given for the stale jumps to go, and the chains that nothing leads to then.
 * @param saved what `iptables-save -t nat` printed
 * @returns the empty string where there is nothing to remove
 */
export function removalInput(saved: string, { chain, isStale }: Stale): string {
  const lines = saved.split('\n');
  const jumps = lines.flatMap((line) => {
    const jump = jumpOf(line);
    return jump === undefined ? [] : [{ line, ...jump, stale: isStale(jump) }];
  });
  const live = new Set(jumps.filter(({ stale }) => !stale).map(({ target }) => target));
  const stale = jumps.filter((jump) => jump.stale);
  const targets = new Set([...stale.map(({ target }) => target), ...(chain === undefined ? [] : [chain])]);
  const there = (name: string): boolean => lines.some((line) => line.startsWith(`:${name} `));
  const unused = [...targets].filter((target) => !live.has(target) && there(target));
  const commands = [
    ...stale.map(({ line }) => line.replace('-A', '-D')),
    ...unused.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
  ];
  return commands.length === 0 ? '' : ['*nat', ...commands, 'COMMIT', ''].join('\n');
}
