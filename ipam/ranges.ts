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
} from '../netlink/ip.ts';
import type { HostLocalConfig, RangeConfig } from './config.ts';
import { CniError, errorCode } from './error.ts';

/** Addresses of one subnet that may be leased: `first` to `last`, less `gateway`. */
export interface Range {
  readonly subnet: CIDR;
  readonly first: IP;
  readonly last: IP;
  readonly gateway: IP;
}

/** Ranges of one family; an attachment gets one address of each set. */
export type RangeSet = readonly Range[];

function invalid(details: string): CniError {
  return new CniError(errorCode.invalidConfig, 'invalid IPAM configuration', details);
}

function address(key: string, value: string, subnet: CIDR): IP {
  const ip = parseIP(value);
  if (ip === undefined) throw invalid(`${key}: "${value}" is no IP address`);
  if (!contains(subnet, ip)) throw invalid(`${key}: ${value} is not in subnet ${formatCIDR(subnet)}`);
  return ip;
}

function readRange(config: RangeConfig, warn: (line: string) => void): Range {
  const written = parseCIDR(config.subnet);
  if (written === undefined) throw invalid(`subnet: "${config.subnet}" is no subnet in CIDR notation`);
  const subnet = subnetOf(written);
  const hostBits = (written.ip.family === family.ipv4 ? 32 : 128) - written.prefix;
  if (hostBits < 2) throw invalid(`subnet: ${config.subnet} is too small to allocate from`);
  if (written.ip.value !== subnet.ip.value) {
    // The host-local that rkt ships takes the address as written for the subnet's own, and so do we.
    warn(`subnet ${config.subnet} has host bits set; allocation begins after ${formatIP(written.ip)}`);
  }
  const end = lastOf(subnet);
  // IPv4's last address is the broadcast address.
  const lastUsable = written.ip.family === family.ipv4 ? next(end, -1n) : end;
  const first =
    config.rangeStart === undefined ? next(written.ip) : address('rangeStart', config.rangeStart, subnet);
  const last = config.rangeEnd === undefined ? lastUsable : address('rangeEnd', config.rangeEnd, subnet);
  if (first.value > last.value) {
    throw invalid(`rangeStart ${formatIP(first)} is after rangeEnd ${formatIP(last)}`);
  }
  // A gateway need not lie in the subnet: the reference takes one on another link too.
  const gateway = config.gateway === undefined ? next(written.ip) : parseIP(config.gateway);
  if (gateway === undefined) throw invalid(`gateway: "${config.gateway}" is no IP address`);
  if (gateway.family !== subnet.ip.family) {
    throw invalid(`gateway: ${config.gateway} is of another family than subnet ${config.subnet}`);
  }
  return { subnet, first, last, gateway };
}

function overlap(a: Range, b: Range): boolean {
  return contains(a.subnet, b.subnet.ip) || contains(b.subnet, a.subnet.ip);
}

/**
 * The range sets of a configuration, checked: `runtimeConfig.ipRanges` first, then the old single subnet, then
 * `ranges`.
 * @throws CniError code 7, naming key and value
 */
export function readRangeSets(
  config: HostLocalConfig,
  ipRanges: readonly (readonly RangeConfig[])[],
  warn: (line: string) => void,
): RangeSet[] {
  const { subnet, rangeStart, rangeEnd, gateway } = config;
  const single =
    subnet === undefined
      ? []
      : [
          [
            {
              subnet,
              ...(rangeStart === undefined ? {} : { rangeStart }),
              ...(rangeEnd === undefined ? {} : { rangeEnd }),
              ...(gateway === undefined ? {} : { gateway }),
            },
          ],
        ];
  const sets = [...ipRanges, ...single, ...(config.ranges ?? [])].map((set) =>
    set.map((range) => readRange(range, warn)),
  );
  if (sets.length === 0) throw invalid('no subnet and no ranges: there is nothing to allocate from');
  for (const [index, set] of sets.entries()) {
    const [head, ...tail] = set;
    if (head === undefined) throw invalid(`range set ${index} is empty`);
    for (const range of tail) {
      if (range.subnet.ip.family !== head.subnet.ip.family) {
        throw invalid(`range set ${index} mixes ${formatCIDR(head.subnet)} and ${formatCIDR(range.subnet)}`);
      }
    }
  }
  const all = sets.flat();
  for (const [index, a] of all.entries()) {
    for (const b of all.slice(index + 1)) {
      if (overlap(a, b)) throw invalid(`subnets ${formatCIDR(a.subnet)} and ${formatCIDR(b.subnet)} overlap`);
    }
  }
  return sets;
}

/** How many addresses a range set can lease. */
export function rangeSetSize(set: RangeSet): bigint {
  let size = 0n;
  for (const { first, last, gateway } of set) {
    const held = gateway.value >= first.value && gateway.value <= last.value ? 1n : 0n;
    size += last.value - first.value + 1n - held;
  }
  return size;
}

/**
 * The addresses of a set in the order they are tried: after the one handed out last, wrapping once, gateways left
 * out. An address of no range starts from the beginning.
 */
export function* candidates(
  set: RangeSet,
  lastReserved: IP | undefined,
): Generator<{ ip: IP; range: Range }> {
  const at = set.findIndex(
    ({ first, last }) =>
      lastReserved !== undefined &&
      lastReserved.family === first.family &&
      lastReserved.value >= first.value &&
      lastReserved.value <= last.value,
  );
  const start = at < 0 || lastReserved === undefined ? -1n : lastReserved.value;
  const from = Math.max(at, 0);
  const order = [...set.slice(from), ...set.slice(0, from)];
  for (const [index, range] of order.entries()) {
    const begin = index === 0 && start >= 0n ? start + 1n : range.first.value;
    yield* addresses(range, begin, range.last.value);
  }
  const head = order[0];
  if (head !== undefined && start >= 0n) yield* addresses(head, head.first.value, start);
}

function* addresses(range: Range, begin: bigint, end: bigint): Generator<{ ip: IP; range: Range }> {
  for (let value = begin; value <= end; value++) {
    if (value !== range.gateway.value) yield { ip: { family: range.first.family, value }, range };
  }
}
