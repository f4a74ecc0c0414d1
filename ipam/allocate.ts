import type { IP } from '../netlink/ip.ts';
import { holds, type Range, type RangeSet } from './ranges.ts';

/** An address that may be leased, and the range it is of. */
export interface Candidate {
  readonly ip: IP;
  readonly range: Range;
}

/** How many addresses a range set can lease. */
export function rangeSetSize(set: RangeSet): bigint {
  let size = 0n;
  for (const range of set) {
    size += range.last.value - range.first.value + 1n - (holds(range, range.gateway) ? 1n : 0n);
  }
  return size;
}

/**
 * The addresses of a set in the order the reference tries them: from the one after `lastReserved` on, through the
 * set's ranges in turn and round to `lastReserved` itself, each range's own gateway left out. A `lastReserved` of
 * no range of the set starts at the beginning. Lazy: the ranges of IPv6 have no end.
 */
export function* candidates(set: RangeSet, lastReserved: IP | undefined): Generator<Candidate> {
  const at = lastReserved === undefined ? -1 : set.findIndex((range) => holds(range, lastReserved));
  const head = set[at];
  if (head === undefined || lastReserved === undefined) {
    for (const range of set) yield* addresses(range, range.first.value, range.last.value);
    return;
  }
  yield* addresses(head, lastReserved.value + 1n, head.last.value);
  for (const range of [...set.slice(at + 1), ...set.slice(0, at)]) {
    yield* addresses(range, range.first.value, range.last.value);
  }
  yield* addresses(head, head.first.value, lastReserved.value);
}

function* addresses(range: Range, first: bigint, last: bigint): Generator<Candidate> {
  const { family } = range.first;
  for (let value = first; value <= last; value++) {
    if (value !== range.gateway.value || family !== range.gateway.family)
      yield { ip: { family, value }, range };
  }
}
