import { libc } from '#libc';
import { CniError, errorCode } from '../../cni/error.ts';
import { getU32 } from '../../netlink/bytes.ts';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { deleteGroup, setLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { type Kept, keptOf, networkLabel } from '../attach/owner.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { withNetfilterIfThere } from '../netfilter/connection.ts';
import { removeStaleMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { removeStaleSpoofChecks } from '../netfilter/spoof-check.ts';
import type { Ipam } from './ipam.ts';

/**
 * Removes what belongs to no attachment of the list ("GC" in SPEC.md): spoof checks, masquerading, host veths, leases.
 * @throws CniError code 7 without a list; NetlinkError
 */
export function gc(config: BridgeConfig, ipam: Ipam | undefined, warn: (line: string) => void): void {
  const { name: network, validAttachments: valid } = config;
  if (valid === undefined) {
    throw new CniError(
      errorCode.invalidConfig,
      'invalid configuration',
      'cni.dev/valid-attachments is missing',
    );
  }
  const kept = keptOf(network, valid);
  const route = openRoute();
  try {
    withNetfilterIfThere((netfilter) => {
      if (netfilter !== undefined) removeStaleSpoofChecks(netfilter, kept, () => listLabels(route));
      removeStaleMasquerade(netfilter, kept, warn);
      deleteStaleVeths(route, kept);
      ipam?.gc(valid);
    });
  } finally {
    route.close();
  }
}

/** The host's links by name, each with what its alias says. */
function listLabels(route: Connection): ReadonlyMap<string, string> {
  return new Map(listLinks(route, {}, ({ name, alias }): [string, string] => [name, alias]));
}

/**
 * The kernel waits 20 ms for each link that is deleted by itself, and once for all of a link group: the stale ones
 * are given a group that no link has, which then goes.
 */
function deleteStaleVeths(route: Connection, { network, labels }: Kept): void {
  const label = networkLabel(network);
  const stale = listLinks(route, { kind: 'veth' }, (link) => {
    const { alias } = link;
    return alias.startsWith(label) && !labels.has(alias) ? link.name : undefined;
  });
  if (stale.length === 0) return;
  const group = unusedGroup(new Set(listLinks(route, {}, (link) => link.group)));
  const replies = route.exchange(stale.map((name) => setLink(name, { group })));
  replies.push(...route.exchange([deleteGroup(group)]));
  for (const { error } of replies) {
    // Gone already, by a DEL or another GC.
    if (error !== undefined && !isErrno(error, 'ENODEV')) throw error;
  }
}

/** A number of 31 bits, which people and distributions do not give: theirs are small. */
function unusedGroup(used: ReadonlySet<number>): number {
  for (;;) {
    const group = (getU32(libc.randomBytes(4), 0) | 0x40000000) & 0x7fffffff;
    if (!used.has(group)) return group;
  }
}
