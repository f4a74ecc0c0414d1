import { CniError, errorCode } from '../../cni/error.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import type { Lease } from '../leases/lease.ts';
import { isAddressName } from '../leases/lease-files.ts';
import type { Store } from '../leases/store.ts';
import { type Candidate, candidateAt, rangeSetSize, turn } from './allocate.ts';
import { formatRange, holds, type RangeSet } from './ranges.ts';

/** How many addresses are tried one by one before the whole folder is read. */
const tries = 16;

/** A file that is no lease would stand in the way for good; a person has to look at it. */
function refuseStranger(store: Store, address: string): void {
  const stats = store.look(address);
  if (stats === undefined || stats.isFile()) return;
  const kind = stats.isSymbolicLink() ? 'a symbolic link, which is not followed' : 'no plain file';
  throw new CniError(errorCode.io, `cannot use ${store.folder}/${address}`, `it is ${kind}`);
}

/** Leases an address if it is free, or has nothing but what a crash left. */
function claim(store: Store, address: string, owner: Lease): boolean {
  if (store.claim(address, owner)) return true;
  refuseStranger(store, address);
  return store.discardResidue(address) && store.claim(address, owner);
}

/**
 * Leases the first free address of a range set after `lastReserved`.
 * @returns undefined where none is free
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
 * Leases one address of a range set.
 * @throws CniError code 7 for a gateway, 11 where it is taken, 5
 */
export function leaseExactly(store: Store, owner: Lease, set: RangeSet, ip: IP): Candidate {
  const address = formatIP(ip);
  const range = set.find((one) => holds(one, ip));
  const refused = (code: number, reason: string): CniError =>
    new CniError(code, `requested address ${address} is not available`, reason);
  if (range === undefined) throw refused(errorCode.invalidConfig, 'it is in no range');
  if (ip.value === range.gateway.value) throw refused(errorCode.invalidConfig, 'it is the gateway');
  if (!claim(store, address, owner)) {
    const { containerID } = store.read(address) ?? { containerID: '?' };
    throw refused(errorCode.tryAgain, `it is leased to container ${containerID}`);
  }
  return { ip, range };
}

/** How many of a range set's addresses are leased. */
export function countLeased(store: Pick<Store, 'names'>, set: RangeSet): bigint {
  let count = 0n;
  for (const name of store.names()) {
    const ip = isAddressName(name) ? parseIP(name) : undefined;
    const range = ip && set.find((one) => holds(one, ip));
    if (range !== undefined && ip?.value !== range.gateway.value) count++;
  }
  return count;
}

/** The error for a range set without a free address. */
export function exhausted(store: Store, set: RangeSet): CniError {
  const ranges = set.map(formatRange).join(', ');
  const numbers = `${rangeSetSize(set)} addresses, ${countLeased(store, set)} leased`;
  return new CniError(
    errorCode.tryAgain,
    `no IP address available in range set ${ranges}: ${numbers}`,
    store.folder,
  );
}
