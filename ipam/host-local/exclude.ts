import { CniError, errorCode } from '../../cni/error.ts';
import {
  type CIDR,
  contains,
  formatCIDR,
  formatIP,
  lastOf,
  parseCIDR,
  parseIP,
  subnetOf,
  width,
} from '../../netlink/ip.ts';

/** The values of addresses in a row, `first` to `last`, both included. */
export interface Stretch {
  readonly first: bigint;
  readonly last: bigint;
}

function invalid(details: string): CniError {
  return new CniError(errorCode.invalidConfig, 'invalid IPAM configuration', details);
}

function readEntry(text: string, subnet: CIDR): Stretch {
  const ip = text.includes('/') ? undefined : parseIP(text);
  const cidr = ip === undefined ? parseCIDR(text) : { ip, prefix: width(ip.family) };
  if (cidr === undefined) throw invalid(`exclude: invalid IP address or subnet: ${text}`);
  const whole = subnetOf(cidr);
  if (whole.ip.value !== cidr.ip.value) {
    const [one, all] = [formatIP(cidr.ip), formatCIDR(whole)];
    throw invalid(`exclude: ${text} has host bits set: write ${one} for the address, ${all} for the subnet`);
  }
  if (!contains(subnet, cidr.ip) || cidr.prefix < subnet.prefix) {
    throw invalid(`exclude: ${text} is not in subnet ${formatCIDR(subnet)}`);
  }
  return { first: cidr.ip.value, last: lastOf(cidr).value };
}

/**
 * Reads a range's `exclude`.
 * @returns stretches in ascending order, with others between them
 * @throws CniError code 7, naming key and value
 */
export function readExclude(texts: readonly string[], subnet: CIDR): Stretch[] {
  const read = texts.map((text) => readEntry(text, subnet));
  const merged: Stretch[] = [];
  for (const { first, last } of read.sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const previous = merged.at(-1);
    if (previous === undefined || first > previous.last + 1n) merged.push({ first, last });
    else if (last > previous.last) merged[merged.length - 1] = { first: previous.first, last };
  }
  return merged;
}

/** Whether one of the stretches has a value. */
export function isIn(stretches: readonly Stretch[], value: bigint): boolean {
  return stretches.some(({ first, last }) => first <= value && value <= last);
}

/** What is left of a stretch without others, which are as {@link readExclude} returns them. */
export function without({ first, last }: Stretch, others: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let from = first;
  for (const other of others) {
    if (other.last < from) continue;
    if (other.first > last) break;
    if (other.first > from) left.push({ first: from, last: other.first - 1n });
    from = other.last + 1n;
  }
  if (from <= last) left.push({ first: from, last });
  return left;
}
