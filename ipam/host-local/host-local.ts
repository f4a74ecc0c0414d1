import { CniError, errorCode } from '../../cni/error.ts';
import { type IP, parseIP } from '../../netlink/ip.ts';
import { type LeasedAddress, leaseDirectory } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import type { LeaseRequest, Releasing } from './request.ts';

const nobody = (): void => undefined;

/** A container's leases for an interface, else those in the oldest format, which name none. */
function ofInterface<T extends LeasedAddress>(leases: readonly T[], ifname: string): T[] {
  const own = leases.filter((lease) => lease.ifname === ifname);
  return own.length > 0 ? own : leases.filter((lease) => lease.ifname === '');
}

/**
 * An attachment's leases. If the index has one that this plugin made, it has them all, since an ADD makes them under
 * one lock. The Go host-local unlocks after each address, so there may be others beside a lease that was only seen; and
 * it leases a container that has an address another one if that is requested.
 */
function leasesOf(store: Store, { attachment, requestedIPs = [] }: LeaseRequest): LeasedAddress[] {
  const { containerID, ifname } = attachment;
  if (!store.known.isCaughtUp() && requestedIPs.length === 0) {
    const indexed = store.known.indexedLeasesOf(containerID).filter((lease) => lease.ifname === ifname);
    const ours = indexed.some(({ entry }) => entry?.origin === 'made');
    if (ours && store.known.isUntouched(containerID)) return indexed;
  }
  return ofInterface(store.known.leasesOf(containerID), ifname);
}

/** What `use` returns with the directory open; `none` if there is no directory. */
function withStore<T>(
  { attachment, config, warn = nobody }: LeaseRequest,
  none: T,
  use: (store: Store) => T,
): T {
  const store = Store.openExisting(leaseDirectory(config.dataDir, attachment.network), warn);
  if (store === undefined) return none;
  try {
    return use(store);
  } finally {
    store.close();
  }
}

function ipsOf(leases: readonly LeasedAddress[]): IP[] {
  return leases.flatMap(({ address }) => parseIP(address) ?? []);
}

/**
 * The addresses leased to an attachment.
 * @throws CniError code 5
 */
export function findLeases(request: LeaseRequest): IP[] {
  return withStore(request, [], (store) => ipsOf(leasesOf(store, request)));
}

/**
 * Releases every lease of an attachment; having none is not an error.
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function delLeases(request: LeaseRequest, releasing?: Releasing): string[] {
  return withStore(request, [], (store) => {
    store.sweep();
    const leases = leasesOf(store, request);
    releasing?.(ipsOf(leases));
    return leases.map((lease) => {
      store.release(lease);
      return lease.address;
    });
  });
}

/**
 * Checks that an attachment has a lease, for whichever address.
 * @throws CniError code 3 if it has none, 5
 */
export function checkLeases(request: LeaseRequest): void {
  const { attachment, config } = request;
  const { network, containerID, ifname } = attachment;
  const found = withStore(request, false, (store) =>
    // The second look knows all leases, and takes longer.
    [() => store.known.indexedLeasesOf(containerID), () => store.known.leasesOf(containerID)].some(
      (leases) => ofInterface(leases(), ifname).length > 0,
    ),
  );
  if (found) return;
  throw new CniError(
    errorCode.unknownContainer,
    `host-local: Failed to find address added by container ${containerID}`,
    `no address is leased to container ${containerID} interface ${ifname} in ${leaseDirectory(config.dataDir, network)}`,
  );
}
