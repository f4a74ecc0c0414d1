import type { IP } from '../../netlink/ip.ts';
import { holds, type Range, type RangeSet } from './ranges.ts';

/** An address that may be leased, and its range. */
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

/** Addresses `first` to `last` of a range, inclusive; none if `last` is before `first`. */
export interface Span {
  readonly range: Range;
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * A set's addresses in the order in which the Go host-local tries them: from the one after `lastReserved`, through the
 * set's ranges in turn and round to `lastReserved` itself. If `lastReserved` is in no range of the set, from the
 * beginning. Each range's gateway is still to be left out ({@link candidateAt}).
 */
export function turn(set: RangeSet, lastReserved: IP | undefined): Span[] {
  const at = lastReserved === undefined ? -1 : set.findIndex((range) => holds(range, lastReserved));
  const head = set[at];
  if (head === undefined || lastReserved === undefined) return set.map(wholeSpan);
  return [
    { range: head, first: lastReserved.value + 1n, last: head.last.value },
    ...set.slice(at + 1).map(wholeSpan),
    ...set.slice(0, at).map(wholeSpan),
    { range: head, first: head.first.value, last: lastReserved.value },
  ];
}

function wholeSpan(range: Range): Span {
  return { range, first: range.first.value, last: range.last.value };
}

/** The address with that value in a range; undefined for the gateway, which is not leased. */
export function candidateAt(range: Range, value: bigint): Candidate | undefined {
  const { family } = range.first;
  if (value === range.gateway.value && family === range.gateway.family) return undefined;
  return { ip: { family, value }, range };
}
