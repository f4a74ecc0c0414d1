import { grouped } from '../../../../cli/facts/summary.ts';
import { formatRoute } from '../../../../cli/output/page.ts';
import { cell, formatFields, formatTable } from '../../../../cli/output/table.ts';
import { formatJson, plainStyle } from '../../../../cli/output/terminal.ts';
import { ago, timestamp } from '../../../../cli/output/time.ts';

test.each([
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_199_000, '119m'],
  [7_200_000, '2h'],
  [172_800_000, '2d'],
  [-5000, '0s'],
])('%i ms ago is %s', (passed, words) => {
  expect(ago(1e12, 1e12 + passed)).toBe(words);
});

test('a time is told in UTC', () => {
  expect(timestamp(0)).toBe('1970-01-01 00:00:00 UTC');
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1234567, '1,234,567'],
])('%i is %s', (count, text) => {
  expect(grouped(count)).toBe(text);
});

test('a route reads as ip route has it', () => {
  const route = {
    dst: '0.0.0.0/0',
    gateways: ['10.0.0.1'],
    table: 254,
    priority: 0,
    mtu: 0,
    advmss: 0,
    link: 2,
  };
  expect(formatRoute(route)).toBe('default via 10.0.0.1');
  expect(formatRoute({ ...route, dst: 'fd00::/64', gateways: [], table: 100, priority: 5, mtu: 1400 })).toBe(
    'fd00::/64 metric 5 mtu 1400 table 100',
  );
});

test('columns are as wide as they must be, and colours don’t count', () => {
  const styles = { ...plainStyle, red: (text: string) => `<${text}>` };
  const rows = [
    [cell('a'), cell(''), cell('bad', 'red'), cell('x')],
    [cell('longer'), cell(''), cell('fine'), cell('y')],
  ];
  expect(formatTable(['A', 'B', 'C', 'D'], rows, styles)).toBe(
    'A       C     D\na       <bad>   x\nlonger  fine  y\n',
  );
});

test('fields stand under one another, those without a value are left out', () => {
  const fields = [
    ['one', 'x'],
    ['three', ['y', 'z']],
    ['none', undefined],
    ['empty', []],
  ] as const;
  expect(formatFields(fields, plainStyle)).toBe('one    x\nthree  y\n       z\n');
});

test('JSON has maps as objects and bigints as numbers', () => {
  expect(JSON.parse(formatJson({ a: new Map([['b', 1n]]) }))).toEqual({ a: { b: 1 } });
});
