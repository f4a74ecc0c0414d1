import { CniError, errorCode } from '../../cni/error.ts';
import {
  type CIDR,
  contains,
  family,
  formatCIDR,
  formatIP,
  type IP,
  lastOf,
  next,
  parseCIDR,
  parseIP,
  subnetOf,
  width,
} from '../../netlink/ip.ts';
import type { HostLocalConfig, RangeConfig } from './config.ts';
import { readExclude, type Stretch } from './exclude.ts';

/** Addresses of one subnet that may be leased: `first` to `last`, except `gateway`. */
export interface Range {
  readonly subnet: CIDR;
  readonly first: IP;
  readonly last: IP;
  readonly gateway: IP;
  /** Addresses of the subnet that are leased only by request; undefined for none. */
  readonly excluded?: readonly Stretch[];
}

/** Ranges of one family; an attachment gets one address from each set. */
export type RangeSet = readonly Range[];

/** What {@link readRangeSets} reads. */
export interface RangeSource {
  readonly config: HostLocalConfig;
  /** `runtimeConfig.ipRanges`: before the configuration's own. */
  readonly ipRanges: readonly (readonly RangeConfig[])[];
  /** The configuration's version: before 0.3.0 a result has room for one address of each family. */
  readonly cniVersion?: string;
  /** Prints a line on stderr. */
  warn(line: string): void;
}

/** Whether an address is between a range's first and last; the gateway may be too. */
export function holds({ first, last }: Range, ip: IP): boolean {
  return ip.family === first.family && ip.value >= first.value && ip.value <= last.value;
}

/** A range set as the Go host-local prints it: `10.1.0.1-10.1.0.9,10.2.0.1-10.2.0.9`. */
export function formatRangeSet(set: RangeSet): string {
  return set.map(formatRange).join(',');
}

/** A range as `first-last`. */
export function formatRange({ first, last }: Range): string {
  return `${formatIP(first)}-${formatIP(last)}`;
}

function invalid(details: string): CniError {
  return new CniError(errorCode.invalidConfig, 'invalid IPAM configuration', details);
}

/** Reads a subnet, host bits kept. */
function readSubnet(text: string, warn: RangeSource['warn']): CIDR {
  const written = parseCIDR(text);
  // The prefix length of an IPv4-mapped subnet counts the bits of IPv6.
  if (written === undefined || (written.ip.family === family.ipv4 && text.includes(':'))) {
    throw invalid(`subnet: invalid CIDR address: ${text}`);
  }
  if (width(written.ip.family) - written.prefix < 2)
    throw invalid(`Network ${text} too small to allocate from: a subnet needs at least four addresses`);
  if (subnetOf(written).ip.value !== written.ip.value) {
    // Like rkt's host-local, this treats the address as written as the subnet's own.
    warn(`subnet ${text} has host bits set; allocation begins after ${formatIP(written.ip)}`);
  }
  return written;
}

/** The last address of a subnet that may be leased: for IPv4 the one before the broadcast address. */
export function lastUsable(subnet: CIDR): IP {
  const last = lastOf(subnet);
  return last.family === family.ipv4 ? next(last, -1n) : last;
}

function readBound(key: 'rangeStart' | 'rangeEnd', text: string, subnet: CIDR): IP {
  const ip = parseIP(text);
  if (ip === undefined) throw invalid(`${key}: invalid IP address: ${text}`);
  if (!contains(subnet, ip)) {
    const name = key === 'rangeStart' ? 'RangeStart' : 'RangeEnd';
    throw invalid(`${name} ${text} not in network ${formatCIDR(subnet)}`);
  }
  return ip;
}

function readGateway(text: string, subnet: CIDR): IP {
  const ip = parseIP(text);
  if (ip === undefined) throw invalid(`gateway: invalid IP address: ${text}`);
  // It need not be in the subnet: the Go host-local accepts a gateway on another link too.
  if (ip.family !== subnet.ip.family) {
    throw invalid(`gateway: ${text} is of another family than subnet ${formatCIDR(subnet)}`);
  }
  return ip;
}

function readRange(config: RangeConfig, warn: RangeSource['warn']): Range {
  const { subnet: text, rangeStart, rangeEnd, gateway, exclude } = config;
  const written = readSubnet(text, warn);
  const subnet = subnetOf(written);
  const first = rangeStart ? readBound('rangeStart', rangeStart, subnet) : next(written.ip);
  const last = rangeEnd ? readBound('rangeEnd', rangeEnd, subnet) : lastUsable(subnet);
  if (first.value > last.value) {
    const [start, end] = [formatIP(first), formatIP(last)];
    throw invalid(`rangeStart ${start} is after rangeEnd ${end} in subnet ${text}`);
  }
  const range = { subnet, first, last, gateway: gateway ? readGateway(gateway, subnet) : next(written.ip) };
  return exclude === undefined ? range : { ...range, excluded: readExclude(exclude, subnet) };
}

function readSet(set: readonly RangeConfig[], index: number, warn: RangeSource['warn']): RangeSet {
  const ranges = set.map((range) => readRange(range, warn));
  const [head] = ranges;
  if (head === undefined) throw invalid(`invalid range set ${index}: empty range set`);
  for (const { subnet } of ranges) {
    if (subnet.ip.family !== head.subnet.ip.family) {
      const [a, b] = [formatCIDR(head.subnet), formatCIDR(subnet)];
      throw invalid(`invalid range set ${index}: mixed address families: ${a} and ${b}`);
    }
  }
  return ranges;
}

/**
 * The old single top-level subnet as a range set; none if `subnet` is absent.
 * @throws CniError code 7 if only `exclude` is there, which the Go host-local doesn't have
 */
function topLevelSet({ subnet, rangeStart, rangeEnd, gateway, exclude }: HostLocalConfig): RangeConfig[][] {
  if (!subnet) {
    if (exclude === undefined) return [];
    throw invalid(`exclude: ${JSON.stringify(exclude)} has no subnet beside it: put it into a range`);
  }
  const range: RangeConfig = {
    subnet,
    ...(rangeStart ? { rangeStart } : {}),
    ...(rangeEnd ? { rangeEnd } : {}),
    ...(gateway ? { gateway } : {}),
    ...(exclude ? { exclude } : {}),
  };
  return [[range]];
}

function refuseOverlap(sets: readonly RangeSet[]): void {
  const all = sets.flatMap((set, index) => set.map((range) => ({ range, index })));
  for (const [position, { range: a, index: i }] of all.entries()) {
    for (const { range: b, index: j } of all.slice(position + 1)) {
      if (!holds(a, b.first) && !holds(b, a.first)) continue;
      const both = [formatRange(a), formatRange(b)];
      throw invalid(
        i === j
          ? `invalid range set ${i}: subnets ${both.join(' and ')} overlap`
          : `range set ${i} overlaps with ${j}: ${both.join(' and ')}`,
      );
    }
  }
}

function refuseSecondOfFamily(sets: readonly RangeSet[], cniVersion: string | undefined): void {
  if (cniVersion !== '0.1.0' && cniVersion !== '0.2.0') return;
  const families = new Set(sets.map(([head]) => head?.first.family));
  if (families.size === sets.length) return;
  throw invalid(
    `CNI version ${cniVersion} does not support more than 1 address per family; there are ${sets.length} range sets`,
  );
}

/**
 * The range sets of a configuration, checked: `runtimeConfig.ipRanges` first, then the old single subnet, then
 * `ranges`. By default a range is its whole subnet without the subnet's own address and, for IPv4, the broadcast
 * address; its first address is the gateway.
 * @throws CniError code 7, naming key and value
 */
export function readRangeSets({ config, ipRanges, cniVersion, warn }: RangeSource): RangeSet[] {
  const written = [...ipRanges, ...topLevelSet(config), ...(config.ranges ?? [])];
  if (written.length === 0) throw invalid('no IP ranges specified: neither subnet nor ranges is set');
  const sets = written.map((set, index) => readSet(set, index, warn));
  refuseSecondOfFamily(sets, cniVersion);
  refuseOverlap(sets);
  return sets;
}
