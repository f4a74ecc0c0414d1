import { median, p95, pairwiseRatio } from '../../bench/statistics.ts';

test('the median is the middle figure by size, or halfway between the middle two', () => {
  expect(median([7])).toBe(7);
  expect(median([10, 9, 1])).toBe(9);
  expect(median([100, 3, 20, 1])).toBe(11.5);
});

test('p95 is the least figure that 19 of 20 do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(p95(hundred)).toBe(95);
  expect(p95(hundred.slice(0, 20))).toBe(99);
  expect(p95([5, 4])).toBe(5);
});

test('the ratio is the median of the ratios, not the ratio of the medians', () => {
  expect(pairwiseRatio([1, 2, 30], [2, 8, 10])).toBe(0.5);
  expect(median([1, 2, 30]) / median([2, 8, 10])).toBe(0.25);
});

test('a round that slows both alike leaves the ratio as it was', () => {
  expect(pairwiseRatio([1, 50, 1], [4, 200, 4])).toBe(0.25);
});

test('figures that are not pairs, and no figures, are refused', () => {
  expect(() => median([])).toThrow(RangeError);
  expect(() => p95([])).toThrow(RangeError);
  expect(() => pairwiseRatio([], [])).toThrow(RangeError);
  expect(() => pairwiseRatio([1, 2], [1])).toThrow('2 figures against 1');
});

test('the figures stay in the order in which they were measured', () => {
  const values = [3, 1, 2];
  median(values);
  p95(values);
  expect(values).toEqual([3, 1, 2]);
});
