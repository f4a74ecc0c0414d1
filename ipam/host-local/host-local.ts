import type { Attachment } from '../../cni/attachment.ts';
import { CniError, errorCode } from '../../cni/error.ts';
import type { IPConfig, Result, Route } from '../../cni/result.ts';
import { formatCIDR, formatIP, type IP, parseCIDR, parseIP, sameIP } from '../../netlink/ip.ts';
import { bootID } from '../leases/boot.ts';
import type { LastReserved } from '../leases/last-reserved.ts';
import { type LeasedAddress, leaseFolder } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import type { Candidate } from './allocate.ts';
import type { RouteConfig } from './config.ts';
import { exhausted, leaseExactly, leaseNext } from './lease-address.ts';
import { holds, type RangeSet, readRangeSets } from './ranges.ts';
import { reclaimLeases } from './reclaim.ts';
import type { HostLocalRequest, LeaseRequest } from './request.ts';
import { readResolvConf } from './resolv-conf.ts';

const nobody = (): void => undefined;

function invalid(msg: string, details: string): CniError {
  return new CniError(errorCode.invalidConfig, msg, details);
}

/** The requested addresses, each once. */
function readRequested(texts: readonly string[]): IP[] {
  const requested: IP[] = [];
  for (const text of texts) {
    const ip = text.includes('/') ? parseCIDR(text)?.ip : parseIP(text);
    if (ip === undefined) throw invalid('invalid requested address', `"${text}" is no IP address`);
    if (!requested.some((one) => sameIP(one, ip))) requested.push(ip);
  }
  return requested;
}

function readRoute({ dst: to, gw: via, ...settings }: RouteConfig, index: number): Route {
  const dst = parseCIDR(to);
  if (dst === undefined)
    throw invalid('invalid IPAM configuration', `routes[${index}].dst: "${to}" is not a subnet`);
  if (!via) return { dst, ...settings };
  const gw = parseIP(via);
  if (gw === undefined)
    throw invalid('invalid IPAM configuration', `routes[${index}].gw: "${via}" is not an IP address`);
  return { dst, gw, ...settings };
}

/** What {@link addLeases} needs to know, all of it checked. */
export interface LeasePlan {
  readonly sets: readonly RangeSet[];
  readonly requested: readonly IP[];
  readonly routes: readonly Route[];
}

/**
 * Reads and checks what a request asks for, and changes nothing.
 * @throws CniError code 7
 */
export function planLeases(request: HostLocalRequest): LeasePlan {
  return {
    sets: readRangeSets(request),
    requested: readRequested(request.requestedIPs),
    routes: (request.config.routes ?? []).map(readRoute),
  };
}

/**
 * Leases one address of each range set to an attachment; on disk when it returns. The result's addresses belong to
 * no interface yet.
 * @throws CniError code 7 for a bad configuration, 11 where no address is free, 5 for the folder, 999 where the
 *   attachment has a lease; nothing is left leased then
 */
export function addLeases(request: HostLocalRequest, plan = planLeases(request)): Result {
  const { attachment, config, warn } = request;
  const { sets, routes } = plan;
  const dns = config.resolvConf ? readResolvConf(config.resolvConf) : {};
  // Read before the lock is taken, for others wait for that.
  bootID();
  const store = Store.open(leaseFolder(config.dataDir, attachment.network), warn);
  let made: Candidate[];
  try {
    refuseDuplicate(store, attachment);
    made = leaseAll(store, request, sets, [...plan.requested]);
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
  return { interfaces: [], ips: made.map(ipConfig), routes, dns };
}

/** Takes back what a failed ADD leased. The ADD's error is what the caller is to know, so one of this is a line. */
function takeBack(cleanUp: () => unknown, { warn }: HostLocalRequest): void {
  try {
    cleanUp();
  } catch (error) {
    warn(`cannot take back what a failed ADD leased: ${error instanceof Error ? error.message : error}`);
  }
}

function refuseDuplicate(store: Store, attachment: Attachment): void {
  const { containerID, ifname } = attachment;
  const held = store.leasesOf(containerID).find((lease) => lease.ifname === '' || lease.ifname === ifname);
  if (held === undefined) return;
  throw new CniError(
    errorCode.internal,
    'duplicate allocation is not allowed',
    `${held.address} is leased to container ${containerID} interface ${ifname} already`,
  );
}

/** One address of each set, or none. */
function leaseAll(
  store: Store,
  request: HostLocalRequest,
  sets: readonly RangeSet[],
  requested: IP[],
): Candidate[] {
  const made: Candidate[] = [];
  try {
    for (const [index, set] of sets.entries()) {
      const turn = store.lastReserved(index);
      try {
        const candidate = leaseOne(store, request, set, turn, requested);
        made.push(candidate);
        // As with the reference, the round robin goes on from here even if a later set has no address.
        turn.write(candidate.ip, request.warn);
      } finally {
        turn.close();
      }
    }
    const [left] = requested;
    if (left !== undefined) throw notGiven(left, sets, made, request.attachment);
    return made;
  } catch (error) {
    takeBack(() => store.takeBack(), request);
    throw error;
  }
}

/** The error for a requested address that no set had a use for. */
function notGiven(
  ip: IP,
  sets: readonly RangeSet[],
  made: readonly Candidate[],
  { network }: Attachment,
): CniError {
  const index = sets.findIndex((set) => set.some((range) => holds(range, ip)));
  const given = made[index];
  const subnets = sets[index]?.map(({ subnet }) => formatCIDR(subnet)).join(', ');
  const reason =
    given === undefined
      ? `it is in no range of network ${network}`
      : `range set ${subnets} has given ${formatIP(given.ip)} already; one address of each set is leased`;
  return invalid(`requested address ${formatIP(ip)} is not available`, reason);
}

/** The requested address that is of the set, which is taken from the list; else the next free one. */
function leaseOne(
  store: Store,
  { attachment, config, warn }: HostLocalRequest,
  set: RangeSet,
  turn: LastReserved,
  requested: IP[],
): Candidate {
  const last = turn.read();
  const wanted = requested.findIndex((ip) => set.some((range) => holds(range, ip)));
  const [ip] = wanted < 0 ? [] : requested.splice(wanted, 1);
  if (ip !== undefined) return leaseExactly(store, attachment, set, ip);
  const free = leaseNext(store, attachment, set, last);
  if (free !== undefined) return free;
  const reclaimed = config.reclaimAfterReboot === false ? 0 : reclaimLeases(store, set, warn);
  const again = reclaimed > 0 ? leaseNext(store, attachment, set, last) : undefined;
  if (again === undefined) throw exhausted(store, set);
  return again;
}

function ipConfig({ ip, range }: Candidate): IPConfig {
  return { address: { ip, prefix: range.subnet.prefix }, gateway: range.gateway };
}

/** Those of a container's leases that are for an interface, else those of the oldest format, which name none. */
function ofInterface<T extends LeasedAddress>(leases: readonly T[], ifname: string): T[] {
  const own = leases.filter((lease) => lease.ifname === ifname);
  return own.length > 0 ? own : leases.filter((lease) => lease.ifname === '');
}

/**
 * The leases of an attachment. Where the index has one that was made by us it has all, for an ADD of ours makes them
 * under one lock. The Go host-local lets go of the lock after each address, so of a lease that was only seen there may
 * be another that was not; and where an address is asked for by name, it leases one to who has one already.
 */
function leasesOf(store: Store, { attachment, requestedIPs = [] }: LeaseRequest): LeasedAddress[] {
  const { containerID, ifname } = attachment;
  if (!store.isCaughtUp() && requestedIPs.length === 0) {
    const indexed = store.indexedLeasesOf(containerID).filter((lease) => lease.ifname === ifname);
    const ours = indexed.some(({ entry }) => entry?.origin === 'made');
    if (ours && store.isUntouched(containerID)) return indexed;
  }
  return ofInterface(store.leasesOf(containerID), ifname);
}

/** Opens the folder for `use` where there is one; else the answer is `none`. */
function withStore<T>(
  { attachment, config, warn = nobody }: LeaseRequest,
  none: T,
  use: (store: Store) => T,
): T {
  const store = Store.openExisting(leaseFolder(config.dataDir, attachment.network), warn);
  if (store === undefined) return none;
  try {
    return use(store);
  } finally {
    store.close();
  }
}

/**
 * The addresses leased to an attachment.
 * @throws CniError code 5
 */
export function findLeases(request: LeaseRequest): IP[] {
  return withStore(request, [], (store) =>
    leasesOf(store, request).flatMap(({ address }) => parseIP(address) ?? []),
  );
}

/**
 * Ends every lease of an attachment; none is no error.
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function delLeases(request: LeaseRequest): string[] {
  return withStore(request, [], (store) => {
    store.sweep();
    return leasesOf(store, request).map((lease) => {
      store.release(lease);
      return lease.address;
    });
  });
}

/**
 * Checks that an attachment has a lease, whichever address it is of.
 * @throws CniError code 3 where it has none, 5
 */
export function checkLeases(request: LeaseRequest): void {
  const { attachment, config } = request;
  const { network, containerID, ifname } = attachment;
  const found = withStore(request, false, (store) =>
    // The second knows all, and takes longer.
    [() => store.indexedLeasesOf(containerID), () => store.leasesOf(containerID)].some(
      (leases) => ofInterface(leases(), ifname).length > 0,
    ),
  );
  if (found) return;
  throw new CniError(
    errorCode.unknownContainer,
    `no address is leased to container ${containerID} interface ${ifname}`,
    leaseFolder(config.dataDir, network),
  );
}
