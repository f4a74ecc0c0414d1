import type { Attachment } from './config.ts';
import type { LeaseRequest } from './host-local.ts';
import { isAddressName, leaseFolder, Store } from './store.ts';

/**
 * Ends the leases of a network that belong to no valid attachment. A lease of the oldest format, which names no
 * interface, stays with any attachment of its container.
 * @param request its attachment says which network
 * @param valid `cni.dev/valid-attachments`
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function gcLeases(
  { attachment, config, warn = () => undefined }: LeaseRequest,
  valid: readonly Pick<Attachment, 'containerID' | 'ifname'>[],
): string[] {
  const store = Store.openExisting(leaseFolder(config.dataDir, attachment.network), warn);
  if (store === undefined) return [];
  const interfaces = new Map<string, Set<string>>();
  for (const { containerID, ifname } of valid) {
    interfaces.set(containerID, (interfaces.get(containerID) ?? new Set()).add(ifname));
  }
  const released: string[] = [];
  try {
    store.sweep();
    for (const address of store.names()) {
      const lease = isAddressName(address) ? store.read(address) : undefined;
      if (lease === undefined) continue;
      const kept = interfaces.get(lease.containerID);
      if (kept !== undefined && (lease.ifname === '' || kept.has(lease.ifname))) continue;
      store.release({ address, ...lease });
      released.push(address);
    }
    return released;
  } finally {
    store.close();
  }
}
