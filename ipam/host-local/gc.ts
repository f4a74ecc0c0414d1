import type { Attachment } from '../../cni/attachment.ts';
import { parseIP } from '../../netlink/ip.ts';
import { readSmallFile } from '../leases/files.ts';
import { formatLease } from '../leases/lease.ts';
import { isAddressName, type LeasedAddress, leaseDirectory } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import type { LeaseRequest, Releasing } from './request.ts';

/**
 * Releases a network's leases that belong to no valid attachment. A lease in the oldest format, which names no
 * interface, stays if its container has any valid attachment.
 * @param request its attachment names the network
 * @param valid `cni.dev/valid-attachments`
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function gcLeases(
  { attachment, config, warn = () => undefined }: LeaseRequest,
  valid: readonly Pick<Attachment, 'containerID' | 'ifname'>[],
  releasing?: Releasing,
): string[] {
  const store = Store.openExisting(leaseDirectory(config.dataDir, attachment.network), warn);
  if (store === undefined) return [];
  const texts = new Set(valid.map(formatLease));
  const containers = new Set(valid.map(({ containerID }) => containerID));
  const stale: LeasedAddress[] = [];
  try {
    // Removes what others left as well: entries without a lease, leases without content.
    store.known.catchUp();
    store.sweep();
    if (config.sticky !== true) store.forget();
    for (const address of store.names()) {
      if (!isAddressName(address) || hasText(store.path(address), texts)) continue;
      const lease = store.read(address);
      if (lease === undefined) continue;
      const kept = lease.ifname === '' ? containers.has(lease.containerID) : texts.has(formatLease(lease));
      if (!kept) stale.push({ address, ...lease });
    }
    releasing?.(stale.flatMap(({ address }) => parseIP(address) ?? []));
    for (const lease of stale) store.release(lease);
    return stale.map(({ address }) => address);
  } finally {
    store.close();
  }
}

/** Whether a file's text is exactly one of these: most leases are kept, and need no parsing. */
function hasText(path: string, texts: ReadonlySet<string>): boolean {
  try {
    return texts.has(readSmallFile(path));
  } catch {
    return false;
  }
}
