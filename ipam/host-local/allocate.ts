import type { IP } from '../../netlink/ip.ts';
import { isIn, type Stretch, without } from './exclude.ts';
import { holds, type Range, type RangeSet } from './ranges.ts';

/** An address that may be leased, and its range. */
export interface Candidate {
  readonly ip: IP;
  readonly range: Range;
}

/** How many addresses a range set can lease to whoever requests none. */
export function rangeSetSize(set: RangeSet): bigint {
  let size = 0n;
  for (const range of set) {
    for (const { first, last } of notExcluded(wholeSpan(range))) size += last - first + 1n;
    if (holds(range, range.gateway) && !isExcluded(range, range.gateway)) size--;
  }
  return size;
}

/** Addresses `first` to `last` of a range, inclusive; none if `last` is before `first`. */
export interface Span extends Stretch {
  readonly range: Range;
}

/**
 * A set's addresses in the order in which the Go host-local tries them: from the one after `lastReserved`, through the
 * set's ranges in turn and round to `lastReserved` itself. If `lastReserved` is in no range of the set, from the
 * beginning. Excluded addresses are left out; each range's gateway is still to be ({@link candidateAt}).
 */
export function turn(set: RangeSet, lastReserved: IP | undefined): Span[] {
  const spans = wholeTurn(set, lastReserved);
  for (const { excluded } of set) if (excluded !== undefined) return spans.flatMap(notExcluded);
  return spans;
}

function wholeTurn(set: RangeSet, lastReserved: IP | undefined): Span[] {
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

/** By arithmetic: half of a /64 may be excluded. */
function notExcluded(span: Span): Span[] {
  const { range } = span;
  if (range.excluded === undefined) return [span];
  return without(span, range.excluded).map((left) => ({ ...left, range }));
}

/** Whether an address of a range is leased only by request. */
export function isExcluded({ excluded }: Range, { value }: IP): boolean {
  return excluded !== undefined && isIn(excluded, value);
}

/** Whether an address is one of those that {@link rangeSetSize} counts. */
export function isCounted(set: RangeSet, ip: IP): boolean {
  const range = set.find((one) => holds(one, ip));
  return range !== undefined && ip.value !== range.gateway.value && !isExcluded(range, ip);
}

/** The address with that value in a range; undefined for the gateway, which is not leased. */
export function candidateAt(range: Range, value: bigint): Candidate | undefined {
  const { family } = range.first;
  if (value === range.gateway.value && family === range.gateway.family) return undefined;
  return { ip: { family, value }, range };
}
