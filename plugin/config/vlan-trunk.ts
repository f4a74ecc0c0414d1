/** VLANs `first` to `last`, both included. */
export interface VlanRange {
  readonly first: number;
  readonly last: number;
}

/** An entry of `vlanTrunk`: one VLAN, a range, or both. */
export interface TrunkEntry {
  readonly id?: number;
  readonly minID?: number;
  readonly maxID?: number;
}

/**
 * The VLANs of `vlanTrunk` as the fewest ranges, ascending and without overlap.
 *
 * @throws Error that says which entry is wrong and why
 */
export function trunkRanges(entries: readonly TrunkEntry[]): readonly VlanRange[] {
  const ranges = entries.flatMap(entryRanges).sort((a, b) => a.first - b.first);
  const merged: VlanRange[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: previous.first, last: Math.max(previous.last, range.last) };
  }
  return merged;
}

function entryRanges({ id, minID, maxID }: TrunkEntry, index: number): VlanRange[] {
  const ranges: VlanRange[] = [];
  if (id !== undefined) ranges.push({ first: id, last: id });
  if (minID !== undefined && maxID !== undefined) {
    if (minID > maxID) throw new Error(`vlanTrunk[${index}]: minID ${minID} is greater than maxID ${maxID}`);
    ranges.push({ first: minID, last: maxID });
  }
  if (ranges.length === 0) throw new Error(`vlanTrunk[${index}]: must have id, or minID and maxID`);
  return ranges;
}
