import { CniError, errorCode } from '../../cni/error.ts';
import type { IPConfig, Result } from '../../cni/result.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import { bootID } from '../leases/boot.ts';
import { leaseDirectory } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import type { Candidate } from './allocate.ts';
import { delLeases } from './host-local.ts';
import { exhausted, leaseAgain, leaseExactly, leaseNext } from './lease-address.ts';
import { findOutside } from './outside-range.ts';
import { planLeases } from './plan.ts';
import { formatRangeSet, holds, type RangeSet } from './ranges.ts';
import { mayReclaim, reclaimAll, reclaimLeases } from './reclaim.ts';
import type { HostLocalRequest } from './request.ts';
import { readResolvConf } from './resolv-conf.ts';
import { recall, remember } from './sticky.ts';

/**
 * Leases one address from each range set to an attachment; the leases are on disk when it returns. The result's
 * addresses have no interface yet.
 * @throws CniError code 7 for a bad configuration, 11 if no address is free, 5 for the directory, 999 if the
 *   attachment has a lease; nothing is left leased then
 */
export function addLeases(request: HostLocalRequest, plan = planLeases(request)): Result {
  const { attachment, config, warn } = request;
  const dns = config.resolvConf ? readResolvConf(config.resolvConf) : {};
  // Read before taking the lock, which others wait for.
  bootID();
  const store = Store.open(leaseDirectory(config.dataDir, attachment.network), warn);
  let made: Candidate[];
  try {
    const ended = endEarlierLeases(store, request);
    const earlier = config.sticky ? [...ended, ...recall(store, request)] : ended;
    made = leaseAll({ store, request, requested: [...plan.requested], earlier }, plan.sets);
    if (config.sticky) remember(store, request, made);
  } catch (error) {
    store.close();
    throw error;
  }
  try {
    store.close();
  } catch (error) {
    takeBack(() => delLeases(request), request);
    throw error;
  }
  return { interfaces: [], ips: made.map(ipConfig), routes: plan.routes, dns };
}

/** Releases what a failed ADD leased. The ADD's error is the one to report, so an error here is printed. */
function takeBack(cleanUp: () => unknown, { warn }: HostLocalRequest): void {
  try {
    cleanUp();
  } catch (error) {
    warn(`cannot take back what a failed ADD leased: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Releases what the attachment leased before this boot and no DEL released.
 * @returns the addresses
 * @throws CniError code 999 if it has a lease that a running container may be using
 */
function endEarlierLeases(store: Store, request: HostLocalRequest): IP[] {
  const { containerID, ifname } = request.attachment;
  const held = store.known
    .leasesOf(containerID)
    .filter((lease) => lease.ifname === '' || lease.ifname === ifname);
  const [first] = held;
  if (first === undefined) return [];
  if (reclaimAll(store, request, held)) return held.flatMap(({ address }) => parseIP(address) ?? []);
  throw new CniError(
    errorCode.internal,
    `${first.address} has been allocated to ${containerID}, duplicate allocation is not allowed`,
    `${store.path(first.address)} is the lease of an earlier ADD of ${ifname} without a DEL: call DEL first`,
  );
}

/** An ADD in progress on a locked directory. */
interface Allocation {
  readonly store: Store;
  readonly request: HostLocalRequest;
  /** Requested addresses that no set has leased yet. */
  readonly requested: IP[];
  /** Addresses that the attachment had before the boot, and those that it is to get again: leased if they are free. */
  readonly earlier: readonly IP[];
}

/** Leases one address from each set, or none at all. */
function leaseAll(allocation: Allocation, sets: readonly RangeSet[]): Candidate[] {
  const { store, request, requested } = allocation;
  const { config } = request;
  const made: Candidate[] = [];
  try {
    for (const [index, set] of sets.entries()) {
      const turn = store.lastReserved(index);
      try {
        const last = turn.read();
        const outside = config.requestOutsideRange ? leaseOutside(allocation, sets, set) : undefined;
        const candidate = outside ?? leaseOne(allocation, set, last);
        made.push(candidate);
        // As in the Go host-local, the round robin continues from here even if a later set has no free address.
        if (outside === undefined) turn.write(candidate.ip, request.warn);
      } finally {
        turn.close();
      }
    }
    const [left] = requested;
    if (left !== undefined) throw notGiven(left, sets, made, request);
    return made;
  } catch (error) {
    takeBack(() => store.takeBack(), request);
    throw error;
  }
}

/** The error for a requested address that no set has leased. */
function notGiven(
  ip: IP,
  sets: readonly RangeSet[],
  made: readonly Candidate[],
  { attachment: { network }, config }: HostLocalRequest,
): CniError {
  const outside = findOutside(sets, ip);
  const index = sets.findIndex(
    (set) => isIn(set, ip) || (config.requestOutsideRange && set === outside?.set),
  );
  const [given, set] = [made[index], sets[index]];
  const hint = outside && ', but in its subnet: "requestOutsideRange": true would allow it';
  const reason =
    given === undefined || set === undefined
      ? `it is not in any range of network ${network}${hint ?? ''}`
      : `range set ${formatRangeSet(set)} gives one address, which is ${formatIP(given.ip)}`;
  return new CniError(
    errorCode.invalidConfig,
    `failed to allocate all requested IPs: ${formatIP(ip)}`,
    reason,
  );
}

function isIn(set: RangeSet, ip: IP): boolean {
  return set.some((range) => holds(range, ip));
}

/** Leases the requested address, removed from the list, that is in none of the ranges but in a subnet of the set. */
function leaseOutside(
  { store, request, requested }: Allocation,
  sets: readonly RangeSet[],
  set: RangeSet,
): Candidate | undefined {
  if (requested.some((ip) => isIn(set, ip))) return undefined;
  for (const [index, ip] of requested.entries()) {
    const outside = findOutside(sets, ip);
    if (outside?.set !== set) continue;
    requested.splice(index, 1);
    return leaseExactly(store, request, [{ ...outside.range, first: ip, last: ip }], ip);
  }
  return undefined;
}

/**
 * Leases the requested address in the set, which is removed from the list; else one that the attachment had before; else
 * the next free one.
 */
function leaseOne(
  { store, request, requested, earlier }: Allocation,
  set: RangeSet,
  last: IP | undefined,
): Candidate {
  const { attachment, config, warn } = request;
  const wanted = requested.findIndex((ip) => isIn(set, ip));
  const [ip] = wanted < 0 ? [] : requested.splice(wanted, 1);
  if (ip !== undefined) return leaseExactly(store, request, set, ip);
  for (const before of earlier) {
    const again = isIn(set, before) ? leaseAgain(store, request, set, before) : undefined;
    if (again !== undefined) return again;
  }
  const free = leaseNext(store, attachment, set, last);
  if (free !== undefined) return free;
  const reclaimed = mayReclaim(config) ? reclaimLeases(store, set, warn) : 0;
  const freed = reclaimed > 0 ? leaseNext(store, attachment, set, last) : undefined;
  if (freed === undefined) throw exhausted(store, set);
  return freed;
}

function ipConfig({ ip, range }: Candidate): IPConfig {
  return { address: { ip, prefix: range.subnet.prefix }, gateway: range.gateway };
}
