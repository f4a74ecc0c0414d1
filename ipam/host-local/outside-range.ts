import { contains, type IP } from '../../netlink/ip.ts';
import { holds, lastUsable, type Range, type RangeSet } from './ranges.ts';

/** A range in whose subnet an address is, and its set. */
export interface Outside {
  readonly set: RangeSet;
  readonly range: Range;
}

/** Whether an address is in a range's subnet, and is neither the subnet's own nor the broadcast address. */
function isUsable({ subnet }: Range, ip: IP): boolean {
  return contains(subnet, ip) && ip.value !== subnet.ip.value && ip.value <= lastUsable(subnet).value;
}

/**
 * Finds the set that leases a requested address outside its ranges ("requestOutsideRange"): the first that has a range
 * of the address's subnet.
 * @returns that range; undefined for none, or if the address is in a range of any set
 */
export function findOutside(sets: readonly RangeSet[], ip: IP): Outside | undefined {
  if (sets.some((set) => set.some((range) => holds(range, ip)))) return undefined;
  for (const set of sets) {
    const ranges = set.filter((range) => isUsable(range, ip));
    // The address may be the gateway of only one of them.
    const range = ranges.find(({ gateway }) => gateway.value === ip.value) ?? ranges[0];
    if (range !== undefined) return { set, range };
  }
  return undefined;
}
