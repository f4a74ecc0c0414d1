import { CniError, errorCode } from '../../cni/error.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import { describeOwner, type Lease } from '../leases/lease.ts';
import { isAddressName } from '../leases/lease-files.ts';
import type { Store } from '../leases/store.ts';
import { type Candidate, candidateAt, isCounted, isExcluded, rangeSetSize, turn } from './allocate.ts';
import { formatRangeSet, holds, type RangeSet } from './ranges.ts';
import { reclaimAll } from './reclaim.ts';
import type { HostLocalRequest } from './request.ts';

/** How many addresses to try one by one before listing the whole directory. */
const tries = 16;

/** Anything but a regular file would be in the way for good; a person has to look at it. */
function refuseOtherThanFile(store: Store, address: string): void {
  const stats = store.look(address);
  if (stats === undefined || stats.isFile()) return;
  const kind = stats.isSymbolicLink() ? 'a symbolic link, which is not followed' : 'not a regular file';
  throw new CniError(errorCode.io, `cannot use ${store.path(address)}`, `it is ${kind}`);
}

/** Leases an address if it is free, or taken only by what a crash left. */
function claim(store: Store, address: string, owner: Lease): boolean {
  if (store.claim(address, owner)) return true;
  refuseOtherThanFile(store, address);
  return store.known.discardResidue(address) && store.claim(address, owner);
}

/**
 * Leases the first free address of a range set after `lastReserved`.
 * @returns undefined if none is free
 * @throws CniError code 5
 */
export function leaseNext(
  store: Store,
  owner: Lease,
  set: RangeSet,
  lastReserved: IP | undefined,
): Candidate | undefined {
  let tried = 0;
  let names: Set<string> | undefined;
  for (const { range, first, last } of turn(set, lastReserved)) {
    for (let value = first; value <= last; value++) {
      const candidate = candidateAt(range, value);
      if (candidate === undefined) continue;
      const address = formatIP(candidate.ip);
      if (names?.has(address)) continue;
      if (claim(store, address, owner)) return candidate;
      if (++tried === tries) names = store.names();
    }
  }
  return undefined;
}

/**
 * Leases an address that an attachment had before, if it is free or its lease is from before this boot.
 * @returns undefined if it isn't, or isn't leased without a request
 * @throws CniError code 5
 */
export function leaseAgain(
  store: Store,
  request: HostLocalRequest,
  set: RangeSet,
  ip: IP,
): Candidate | undefined {
  if (set.some((range) => holds(range, ip) && isExcluded(range, ip))) return undefined;
  return leaseOrReclaim(store, request, set, ip);
}

/** Leases an address of a range set if it is free, or its lease is from before this boot. */
function leaseOrReclaim(
  store: Store,
  request: HostLocalRequest,
  set: RangeSet,
  ip: IP,
): Candidate | undefined {
  const lease = (): Candidate | undefined => leaseIfFree(store, request.attachment, set, ip);
  const leased = lease();
  if (leased !== undefined) return leased;
  const address = formatIP(ip);
  const owner = store.read(address);
  return owner && reclaimAll(store, request, [{ ...owner, address }]) ? lease() : undefined;
}

/**
 * Leases an address of a range set if it is free.
 * @returns undefined if it isn't, or is never leased
 * @throws CniError code 5
 */
function leaseIfFree(store: Store, owner: Lease, set: RangeSet, ip: IP): Candidate | undefined {
  const range = set.find((one) => holds(one, ip));
  const candidate = range && candidateAt(range, ip.value);
  return candidate && claim(store, formatIP(ip), owner) ? candidate : undefined;
}

/**
 * Leases a requested address of a range set, taking it back if its lease is from before this boot.
 * @throws CniError code 7 for a gateway, 11 if it is taken, 5
 */
export function leaseExactly(store: Store, request: HostLocalRequest, set: RangeSet, ip: IP): Candidate {
  const address = formatIP(ip);
  if (set.some((range) => holds(range, ip) && candidateAt(range, ip.value) === undefined)) {
    throw new CniError(
      errorCode.invalidConfig,
      `requested ip ${address} is subnet's gateway`,
      `range set ${formatRangeSet(set)} does not lease it`,
    );
  }
  const leased = leaseOrReclaim(store, request, set, ip);
  if (leased !== undefined) return leased;
  const owner = store.read(address);
  throw new CniError(
    errorCode.tryAgain,
    `requested IP address ${address} is not available in range set ${formatRangeSet(set)}`,
    `it is leased to ${owner === undefined ? 'an unknown container' : describeOwner(owner)}, see ${store.path(address)}`,
  );
}

/** How many of the addresses that {@link rangeSetSize} counts are leased. */
export function countLeased(store: Pick<Store, 'names'>, set: RangeSet): bigint {
  let count = 0n;
  for (const name of store.names()) {
    const ip = isAddressName(name) ? parseIP(name) : undefined;
    if (ip !== undefined && isCounted(set, ip)) count++;
  }
  return count;
}

/** The error for a range set without a free address. */
export function exhausted(store: Store, set: RangeSet): CniError {
  const excluded = set.some((range) => range.excluded !== undefined) ? ', the excluded ones not counted' : '';
  const numbers = `${rangeSetSize(set)} addresses, ${countLeased(store, set)} leased${excluded}`;
  return new CniError(
    errorCode.tryAgain,
    `no IP addresses available in range set: ${formatRangeSet(set)} (${numbers})`,
    store.directory,
  );
}
