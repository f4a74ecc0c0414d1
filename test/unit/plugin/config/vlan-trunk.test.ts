import { type TrunkEntry, trunkRanges } from '../../../../plugin/config/vlan-trunk.ts';

/** The ranges in short: `5 7-9`. */
const ranges = (...entries: TrunkEntry[]): string =>
  trunkRanges(entries)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(' ');

test.each<[string, TrunkEntry[], string]>([
  ['nothing', [], ''],
  ['one VLAN', [{ id: 5 }], '5'],
  ['a range', [{ minID: 5, maxID: 7 }], '5-7'],
  ['a range of one', [{ minID: 5, maxID: 5 }], '5'],
  ['a VLAN and a range in one entry', [{ id: 100, minID: 5, maxID: 7 }], '5-7 100'],
  ['any order', [{ id: 9 }, { id: 3 }, { minID: 20, maxID: 30 }, { id: 1 }], '1 3 9 20-30'],
  ['the same twice', [{ id: 5 }, { id: 5 }], '5'],
  ['neighbours', [{ id: 5 }, { id: 6 }, { minID: 7, maxID: 9 }], '5-9'],
  ['a gap of one', [{ id: 5 }, { id: 7 }], '5 7'],
  [
    'overlapping ranges',
    [
      { minID: 1, maxID: 10 },
      { minID: 5, maxID: 20 },
    ],
    '1-20',
  ],
  ['a range within another', [{ minID: 1, maxID: 100 }, { minID: 5, maxID: 20 }, { id: 101 }], '1-101'],
  ['all that there are', [{ minID: 1, maxID: 4094 }], '1-4094'],
])('%s: the fewest ranges, ascending', (_what, entries, expected) => {
  expect(ranges(...entries)).toBe(expected);
});

test.each<[TrunkEntry, string]>([
  [{}, 'vlanTrunk[1]: must have id, or minID and maxID'],
  [{ minID: 5 }, 'vlanTrunk[1]: must have id, or minID and maxID'],
  [{ maxID: 5 }, 'vlanTrunk[1]: must have id, or minID and maxID'],
  [{ minID: 7, maxID: 5 }, 'vlanTrunk[1]: minID 7 is greater than maxID 5'],
])('%j is refused, by its position', (entry, message) => {
  expect(() => ranges({ id: 1 }, entry)).toThrow(message);
});
