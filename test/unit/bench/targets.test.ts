import type { Row } from '../../bench/row.ts';
import { judge, type Target } from '../../bench/targets.ts';

const rows: Row[] = [
  { title: 'ADD', unit: 'ms', samples: { bridge: [4, 6], go: [40, 40], floor: [2, 2] } },
  { title: 'GC', unit: 'ms', samples: { bridge: [44, 66] } },
];

function figureOf(row: string, of: Target['of']): number | undefined {
  return judge({ row, of, bound: 'at most', limit: 1 }, rows)?.figure;
}

test('a figure is judged by itself, by another contender or by another row, pair by pair', () => {
  expect(figureOf('ADD', 'figure')).toBe(5);
  expect(figureOf('ADD', 'go')).toBe(0.125);
  expect(figureOf('ADD', 'floor')).toBe(2.5);
  expect(figureOf('GC', { ownRow: 'ADD' })).toBe(11);
});

test('what a run has not measured is not judged', () => {
  expect(figureOf('GC', 'go')).toBeUndefined();
  expect(figureOf('DEL', 'figure')).toBeUndefined();
});

test.each([
  ['at most', 5, true, false],
  ['at most', 4.6, false, false],
  ['at most', 4.5, false, true],
  ['at least', 5, true, false],
  ['at least', 5.5, false, false],
  ['at least', 5.6, false, true],
] as const)('5, %s %d: met %s, missed by far %s', (bound, limit, met, missedByFar) => {
  expect(judge({ row: 'ADD', of: 'figure', bound, limit }, rows)).toMatchObject({ met, missedByFar });
});
