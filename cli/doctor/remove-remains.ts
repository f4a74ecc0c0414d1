import { attachmentOf } from '../../cni/attachment.ts';
import { Store } from '../../ipam/leases/store.ts';
import { parseIP, width } from '../../netlink/ip.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { ownerLabel } from '../../plugin/attach/owner.ts';
import { withHost } from '../../plugin/attach/sides.ts';
import { withNetfilter, withNetfilterIfThere } from '../../plugin/netfilter/connection.ts';
import { removeUnusedForward } from '../../plugin/netfilter/forward/forward.ts';
import { removeIsolation } from '../../plugin/netfilter/isolation/isolation.ts';
import { removeMasquerade } from '../../plugin/netfilter/masquerade/masquerade.ts';
import { removeSpoofCheck } from '../../plugin/netfilter/spoof-check.ts';
import type { AttachmentFacts } from '../facts/facts.ts';
import type { Places } from '../facts/read.ts';
import type { Remains } from './finding.ts';
import { findLeaks } from './leaks.ts';
import { lookAtContainers } from './look.ts';

/** Whom a removal tells, and what each step of it is done in. */
export interface RemovalListener {
  begin(remains: Remains): void;
  warn(line: string): void;
  attempt(work: () => void): void;
}

/** What is left, at a look that is taken now, of the attachments with these labels. */
export function remainsOfNow(owners: ReadonlySet<string>, places: Places): Remains[] {
  return findLeaks(lookAtContainers(places))
    .flatMap(({ cures }) => cures)
    .flatMap((cure) => (cure.kind === 'remains' && owners.has(ownerLabel(cure.attachment)) ? [cure] : []));
}

function endLeases(store: Store, { leases }: AttachmentFacts): void {
  for (const { address, file, containerID, ifname } of leases) {
    const now = file === store.path(address) ? store.read(address) : undefined;
    if (now?.containerID === containerID && now.ifname === ifname) store.release({ address, ...now });
  }
}

/** Netfilter, veth, lease, in the order of a DEL. */
function remove(
  { attachment, config }: Remains,
  stores: readonly Store[],
  warn: (line: string) => void,
): void {
  const { network, leases, elements, veth } = attachment;
  const owner = attachmentOf(network, attachment);
  const addresses = [...leases, ...elements].flatMap(({ address }) => {
    const ip = parseIP(address);
    return ip === undefined ? [] : [{ ip, prefix: width(ip.family) }];
  });
  withNetfilterIfThere((netfilter) => {
    if (netfilter !== undefined) removeSpoofCheck(netfilter, owner);
    removeMasquerade(netfilter, owner, addresses, warn);
  });
  withHost((host) => {
    if (veth !== undefined) removeLink(host, veth);
    if (config?.forward === true) removeUnusedForward(host, config);
    if (config?.isolate) withNetfilter((netfilter) => removeIsolation(netfilter, owner, config));
  });
  for (const store of stores) endLeases(store, attachment);
}

/**
 * Removes what is left of containers that are gone, if it is still so at a second look, with the networks' leases locked:
 * an ADD makes the veth before it waits for that lock, and masquerades after it, so that none of the same container can
 * be at it unseen.
 * @throws CniError code 5; SystemError
 */
export function removeRemains(remains: readonly Remains[], places: Places, listener: RemovalListener): void {
  const stores: Store[] = [];
  try {
    for (const directory of new Set(remains.flatMap(({ directories }) => directories).sort())) {
      const store = Store.openExisting(directory, listener.warn);
      if (store !== undefined) stores.push(store);
    }
    const owners = new Set(remains.map(({ attachment }) => ownerLabel(attachment)));
    for (const one of remainsOfNow(owners, places)) {
      listener.begin(one);
      listener.attempt(() => remove(one, stores, listener.warn));
    }
  } finally {
    for (const store of stores) store.close();
  }
}
