import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { deleteGroup } from '../../netlink/route/delete-link.ts';
import { setLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { unusedGroup } from '../attach/link-group.ts';
import { type Kept, keptOf, networkLabel, ownerInAlias } from '../attach/owner.ts';
import { withHost } from '../attach/sides.ts';
import { removeUnusedLinks } from '../attach/unused.ts';
import { withNetfilterIfThere } from '../netfilter/connection.ts';
import { removeUnusedForward } from '../netfilter/forward/forward.ts';
import { removeStaleIsolation } from '../netfilter/isolation/isolation.ts';
import { removeStaleMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { removeStaleSpoofChecks } from '../netfilter/spoof-check.ts';
import { forgetting } from './forget.ts';
import type { Operation } from './operation.ts';
import { Steps } from './steps.ts';

/**
 * Removes what belongs to no attachment in the list ("GC" in SPEC.md): spoof checks, masquerading, host veths, leases.
 * Without a list everything is kept, except for what another IPAM plugin decides.
 * @throws CniError of the IPAM plugin; NetlinkError the first error, after everything else has been removed
 */
export function gc(operation: Operation): void {
  const { config, ipam, warn, begin } = operation;
  const { name: network, validAttachments: valid } = config;
  if (valid === undefined) {
    begin?.('ipam');
    ipam?.gc(undefined);
    return;
  }
  const kept = keptOf(network, valid);
  const steps = new Steps();
  begin?.('netfilter');
  withHost((host) =>
    withNetfilterIfThere((netfilter) => {
      if (netfilter !== undefined) {
        steps.attempt(() => removeStaleSpoofChecks(netfilter, kept, () => listLabels(host)));
      }
      steps.attempt(() => removeStaleMasquerade(netfilter, kept, warn));
      begin?.('veth');
      const deleted = steps.attempt(() => deleteStaleVeths(host, kept));
      begin?.('ipam');
      if (deleted !== undefined)
        steps.attempt(() => ipam?.gc(valid, forgetting(operation, netfilter, steps)));
      begin?.('veth');
      steps.attempt(() => removeUnusedLinks(config));
      begin?.('netfilter');
      if (netfilter !== undefined) steps.attempt(() => removeStaleIsolation(netfilter, kept));
      if (deleted !== undefined) steps.attempt(() => removeUnusedForward(host, config));
    }),
  );
  steps.finish();
}

/** The host's links by name, each with the label in its alias. */
function listLabels(host: Connection): ReadonlyMap<string, string> {
  return new Map(listLinks(host, {}, ({ name, alias }): [string, string] => [name, ownerInAlias(alias)]));
}

/**
 * Deletes stale host veths. The kernel waits 20 ms for each link deleted by itself, but once for all links of a group:
 * so they are moved to an unused group, and the group is deleted.
 * @returns how many there were
 */
function deleteStaleVeths(host: Connection, { network, labels }: Kept): number {
  const label = networkLabel(network);
  const stale = listLinks(host, { kind: 'veth' }, ({ index, name, alias }) =>
    alias.startsWith(label) && !labels.has(ownerInAlias(alias)) ? { index, name } : undefined,
  );
  if (stale.length === 0) return 0;
  const group = unusedGroup(host);
  const replies = host.exchange(stale.map((link) => setLink(link, { group })));
  replies.push(...host.exchange([deleteGroup(group)]));
  for (const { error } of replies) {
    // Already gone, by a DEL or another GC.
    if (error !== undefined && !isErrno(error, 'ENODEV')) throw error;
  }
  return stale.length;
}
