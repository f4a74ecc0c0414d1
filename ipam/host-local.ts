import { formatCIDR, formatIP, type IP, parseCIDR, parseIP } from '../netlink/ip.ts';
import type { Attachment, HostLocalConfig, RangeConfig } from './config.ts';
import { CniError, errorCode } from './error.ts';
import { candidates, type Range, type RangeSet, rangeSetSize, readRangeSets } from './ranges.ts';
import { readResolvConf } from './resolv-conf.ts';
import type { IPConfig, Result } from './result.ts';
import { defaultDataDir, folderFault, Store } from './store.ts';

/** What host-local is asked. */
export interface HostLocalRequest {
  readonly attachment: Attachment;
  readonly config: HostLocalConfig;
  /** `runtimeConfig.ipRanges`: before the configuration's own. */
  readonly ipRanges: readonly (readonly RangeConfig[])[];
  /** Addresses asked for, with or without a prefix length. */
  readonly requestedIPs: readonly string[];
  /** Takes a line for the operator. */
  warn(line: string): void;
}

/** A lease just made. */
interface Allocation {
  readonly ip: IP;
  readonly range: Range;
}

/** Checks what {@link addLeases} would be asked, and changes nothing. */
export function validateHostLocal({ config, ipRanges, requestedIPs }: HostLocalRequest): void {
  readRangeSets(config, ipRanges, () => undefined);
  requestedIPs.forEach(readRequested);
}

function readRequested(text: string): IP {
  const ip = text.includes('/') ? parseCIDR(text)?.ip : parseIP(text);
  if (ip === undefined) {
    throw new CniError(errorCode.invalidConfig, 'invalid requested address', `"${text}" is no IP address`);
  }
  return ip;
}

function holds({ first, last }: Range, ip: IP): boolean {
  return ip.family === first.family && ip.value >= first.value && ip.value <= last.value;
}

/**
 * Leases one address of each range set to an attachment; on disk when it returns.
 * @throws CniError code 7 for a bad configuration, 11 where no address is free, 5 for the folder; nothing is left
 *   leased then
 */
export function addLeases(request: HostLocalRequest): Result {
  const { attachment, config, warn } = request;
  const sets = readRangeSets(config, request.ipRanges, warn);
  const requested = request.requestedIPs.map(readRequested);
  const dns = config.resolvConf === undefined ? {} : readResolvConf(config.resolvConf);
  const store = Store.open(config.dataDir ?? defaultDataDir, attachment.network);
  const allocations: Allocation[] = [];
  try {
    const [held] = store.leasedTo(attachment);
    if (held !== undefined) {
      const { containerID, ifname } = attachment;
      throw new CniError(
        errorCode.internal,
        'duplicate allocation is not allowed',
        `${held} is leased to container ${containerID} interface ${ifname} already`,
      );
    }
    for (const [index, set] of sets.entries()) {
      const wanted = requested.findIndex((ip) => set.some((range) => holds(range, ip)));
      const [ip] = wanted < 0 ? [] : requested.splice(wanted, 1);
      allocations.push(
        ip === undefined
          ? leaseNext(store, attachment, set, index)
          : leaseExactly(store, attachment, set, index, ip),
      );
    }
    const [outside] = requested;
    if (outside !== undefined) {
      throw new CniError(
        errorCode.invalidConfig,
        'requested address is not available',
        `${formatIP(outside)} is in no range of network ${attachment.network}`,
      );
    }
  } catch (error) {
    for (const { ip } of allocations) store.release(formatIP(ip));
    throw error;
  } finally {
    store.close();
  }
  return { interfaces: [], ips: allocations.map(ipConfig), routes: config.routes ?? [], dns };
}

function ipConfig({ ip, range }: Allocation): IPConfig {
  return { address: formatCIDR({ ip, prefix: range.subnet.prefix }), gateway: formatIP(range.gateway) };
}

function leaseNext(store: Store, attachment: Attachment, set: RangeSet, index: number): Allocation {
  const taken = new Set(store.leases().map(({ address }) => address));
  for (const candidate of candidates(set, store.lastReserved(index))) {
    const address = formatIP(candidate.ip);
    if (taken.has(address)) continue;
    // A file there that is no lease, such as a crash of an older plugin leaves, stands in nobody's name.
    store.release(address);
    if (!store.claim(candidate.ip, attachment)) continue;
    store.setLastReserved(index, candidate.ip);
    return candidate;
  }
  const size = rangeSetSize(set);
  const leased = [...taken].filter((address) => {
    const ip = parseIP(address);
    return ip !== undefined && set.some((range) => holds(range, ip));
  }).length;
  const ranges = set.map(({ first, last }) => `${formatIP(first)}-${formatIP(last)}`).join(', ');
  throw new CniError(
    errorCode.tryAgain,
    `no IP address available in range set ${ranges}`,
    `${size} addresses, ${leased} leased in ${store.folder}`,
  );
}

function leaseExactly(
  store: Store,
  attachment: Attachment,
  set: RangeSet,
  index: number,
  ip: IP,
): Allocation {
  const range = set.find((one) => holds(one, ip));
  const text = formatIP(ip);
  if (range === undefined || ip.value === range.gateway.value) {
    throw new CniError(
      errorCode.invalidConfig,
      'requested address is not available',
      `${text} is the gateway`,
    );
  }
  const lease = store.read(text);
  if (lease === undefined) store.release(text);
  if (!store.claim(ip, attachment)) {
    const owner = lease === undefined ? 'another container' : `container ${lease.containerID}`;
    throw new CniError(
      errorCode.tryAgain,
      'requested address is not available',
      `${text} is leased to ${owner}`,
    );
  }
  store.setLastReserved(index, ip);
  return { ip, range };
}

/** The folder's part of a request. */
type StoredRequest = Pick<HostLocalRequest, 'attachment' | 'config'>;

/**
 * The addresses leased to an attachment.
 * @throws CniError code 5
 */
export function findLeases({ attachment, config }: StoredRequest): string[] {
  const store = Store.openExisting(config.dataDir ?? defaultDataDir, attachment.network);
  if (store === undefined) return [];
  try {
    return store.leasedTo(attachment);
  } finally {
    store.close();
  }
}

/**
 * Ends every lease of an attachment; none is no error.
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function delLeases({ attachment, config }: StoredRequest): string[] {
  const store = Store.openExisting(config.dataDir ?? defaultDataDir, attachment.network);
  if (store === undefined) return [];
  try {
    const addresses = store.leasedTo(attachment);
    for (const address of addresses) store.release(address);
    return addresses;
  } finally {
    store.close();
  }
}

/**
 * Fails where an attachment has no lease.
 * @throws CniError code 3; 5 for the folder
 */
export function checkLeases({ attachment, config }: StoredRequest): void {
  if (findLeases({ attachment, config }).length > 0) return;
  const { containerID, ifname, network } = attachment;
  throw new CniError(
    errorCode.unknownContainer,
    `no address is leased to container ${containerID} interface ${ifname}`,
    `looked in ${config.dataDir ?? defaultDataDir}/${network}`,
  );
}

/**
 * Ends every lease of the network that belongs to none of the attachments given.
 * @returns the addresses that were released
 * @throws CniError code 5
 */
export function gcLeases(
  { attachment, config }: StoredRequest,
  valid: readonly Pick<Attachment, 'containerID' | 'ifname'>[],
): string[] {
  const store = Store.openExisting(config.dataDir ?? defaultDataDir, attachment.network);
  if (store === undefined) return [];
  const kept = new Set(valid.map(({ containerID, ifname }) => `${containerID} ${ifname}`));
  const containers = new Set(valid.map(({ containerID }) => containerID));
  try {
    const stale = store
      .leases()
      .filter(({ containerID, ifname }) =>
        ifname === '' ? !containers.has(containerID) : !kept.has(`${containerID} ${ifname}`),
      )
      .map(({ address }) => address);
    for (const address of stale) store.release(address);
    return stale;
  } finally {
    store.close();
  }
}

/**
 * Fails where no address could be leased now: the folder is not writable, or a range set has none free.
 * @throws CniError code 50
 */
export function hostLocalStatus({ config, ipRanges, attachment, warn }: HostLocalRequest): void {
  const sets = readRangeSets(config, ipRanges, warn);
  const dataDir = config.dataDir ?? defaultDataDir;
  const fault = folderFault(dataDir);
  if (fault !== undefined) {
    throw new CniError(errorCode.notAvailable, `leases cannot be written to ${dataDir}`, fault);
  }
  const store = Store.openExisting(dataDir, attachment.network);
  if (store === undefined) return;
  try {
    const taken = store.leases().flatMap(({ address }) => parseIP(address) ?? []);
    for (const set of sets) {
      const leased = taken.filter((ip) => set.some((range) => holds(range, ip))).length;
      if (BigInt(leased) < rangeSetSize(set)) continue;
      const ranges = set.map(({ first, last }) => `${formatIP(first)}-${formatIP(last)}`).join(', ');
      throw new CniError(
        errorCode.notAvailable,
        `no IP address available in range set ${ranges}`,
        `${leased} leased`,
      );
    }
  } finally {
    store.close();
  }
}
