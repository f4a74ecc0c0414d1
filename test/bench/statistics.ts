/**
 * The middle of some figures; the mean of the middle two where their number is even.
 * @throws RangeError for none
 */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = Math.floor(sorted.length / 2);
  return (at(sorted, half) + at(sorted, sorted.length - 1 - half)) / 2;
}

/**
 * The smallest figure that 95 % of them don't exceed (nearest rank).
 * @throws RangeError for none
 */
export function p95(values: readonly number[]): number {
  const sorted = ascending(values);
  return at(sorted, Math.ceil(0.95 * sorted.length) - 1);
}

/**
 * The median of ours / theirs, each pair taken in one round: what disturbs the machine for longer than a round
 * disturbs both.
 * @throws RangeError unless there are equally many of both, and at least one
 */
export function pairwiseRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} figures against ${theirs.length}`);
  return median(ours.map((value, round) => value / at(theirs, round)));
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('no figures');
  return [...values].sort((a, b) => a - b);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no figure ${index} of ${values.length}`);
  return value;
}
