import fc from 'fast-check';
import { candidateAt, rangeSetSize, turn } from '../../../../ipam/host-local/allocate.ts';
import type { HostLocalConfig, RangeConfig } from '../../../../ipam/host-local/config.ts';
import { formatRange, type RangeSet, readRangeSets } from '../../../../ipam/host-local/ranges.ts';
import { formatIP, type IP, parseIP } from '../../../../netlink/ip.ts';

const ignore = (): void => undefined;
const read = (config: HostLocalConfig, ipRanges: RangeConfig[][] = [], cniVersion = '1.1.0'): RangeSet[] =>
  readRangeSets({ config, ipRanges, cniVersion, warn: ignore });

/** The addresses in the order in which they are tried. */
function* candidates(set: RangeSet, last: IP | undefined): Generator<string, undefined> {
  for (const span of turn(set, last)) {
    for (let value = span.first; value <= span.last; value++) {
      const candidate = candidateAt(span.range, value);
      if (candidate !== undefined) yield formatIP(candidate.ip);
    }
  }
}

const small = { subnet: '10.1.2.0/29' };

test.each<[string, HostLocalConfig, string]>([
  ['no subnet', {}, 'no IP ranges specified'],
  ['no CIDR', { subnet: '10.1.2.0' }, 'subnet: invalid CIDR address: 10.1.2.0'],
  ['no address', { subnet: '10.1.2.300/24' }, 'subnet: invalid CIDR address: 10.1.2.300/24'],
  ['an IPv4-mapped subnet', { subnet: '::ffff:10.1.2.0/120' }, 'subnet: invalid CIDR address'],
  ['/31', { subnet: '10.1.2.0/31' }, 'Network 10.1.2.0/31 too small to allocate from'],
  ['/32', { subnet: '10.1.2.0/32' }, 'too small'],
  ['/127', { subnet: 'fd00::/127' }, 'too small'],
  ['/128', { subnet: 'fd00::/128' }, 'too small'],
  ['rangeStart that is none', { ...small, rangeStart: 'x' }, 'rangeStart: invalid IP address: x'],
  [
    'rangeStart outside',
    { ...small, rangeStart: '10.1.3.1' },
    'RangeStart 10.1.3.1 not in network 10.1.2.0/29',
  ],
  [
    'rangeStart of the other family',
    { ...small, rangeStart: 'fd00::1' },
    'RangeStart fd00::1 not in network 10.1.2.0/29',
  ],
  ['rangeEnd outside', { ...small, rangeEnd: '10.1.2.8' }, 'RangeEnd 10.1.2.8 not in network'],
  [
    'start after end',
    { ...small, rangeStart: '10.1.2.5', rangeEnd: '10.1.2.4' },
    'rangeStart 10.1.2.5 is after',
  ],
  ['a gateway that is none', { ...small, gateway: '10.1.2' }, 'gateway: invalid IP address: 10.1.2'],
  [
    'a gateway of the other family',
    { ...small, gateway: 'fd00::1' },
    'gateway: fd00::1 is of another family',
  ],
  [
    'overlapping sets',
    { ranges: [[small], [{ subnet: '10.1.0.0/16' }]] },
    'range set 0 overlaps with 1: 10.1.2.1-10.1.2.6 and',
  ],
  [
    'overlap in a set',
    { ranges: [[{ subnet: '10.1.0.0/16' }, small]] },
    'invalid range set 0: subnets 10.1.0.1-10.1.255.254 and 10.1.2.1-10.1.2.6 overlap',
  ],
  ['the old subnet in ranges', { ...small, ranges: [[small]] }, 'overlaps'],
  [
    'mixed families',
    { ranges: [[small, { subnet: 'fd00::/64' }]] },
    'mixed address families: 10.1.2.0/29 and fd00::/64',
  ],
  ['an empty set', { ranges: [[small], []] }, 'invalid range set 1: empty range set'],
])('refused: %s', (_what, config, words) => {
  expect(() => read(config)).toThrow(words);
});

test('what is left out has its default', () => {
  const [[v4] = [], [v6] = []] = read({ ranges: [[{ subnet: '10.1.2.0/24' }], [{ subnet: 'fd00::/64' }]] });
  if (v4 === undefined || v6 === undefined) throw new Error('no range');
  expect([formatRange(v4), formatIP(v4.gateway)]).toEqual(['10.1.2.1-10.1.2.254', '10.1.2.1']);
  expect([formatRange(v6), formatIP(v6.gateway)]).toEqual(['fd00::1-fd00::ffff:ffff:ffff:ffff', 'fd00::1']);
});

test("runtimeConfig's ranges come first, then the old subnet, then ranges", () => {
  const config = { subnet: '10.1.0.0/24', ranges: [[{ subnet: '10.2.0.0/24' }]] };
  const sets = read(config, [[{ subnet: '10.0.0.0/24' }]]);
  expect(sets.map(([range]) => range && formatIP(range.first))).toEqual(['10.0.0.1', '10.1.0.1', '10.2.0.1']);
});

test('two ranges of one subnet need not overlap, and a gateway need not be near', () => {
  const ranges = [
    [{ ...small, rangeStart: '10.1.2.2', rangeEnd: '10.1.2.3' }],
    [{ ...small, rangeStart: '10.1.2.4', gateway: '192.0.2.1' }],
  ];
  expect(read({ ranges })).toHaveLength(2);
});

test.each(['0.1.0', '0.2.0'])('version %s has one address per family', (version) => {
  const ranges = [[small], [{ subnet: '10.9.0.0/24' }]];
  expect(() => read({ ranges }, [], version)).toThrow(
    `CNI version ${version} does not support more than 1 address per family`,
  );
  expect(read({ ranges: [[small], [{ subnet: 'fd00::/64' }]] }, [], version)).toHaveLength(2);
  expect(read({ ranges }, [], '0.3.0')).toHaveLength(2);
});

test('host bits are kept with a warning, as the host-local of rkt had it', () => {
  const warnings: string[] = [];
  const [[range] = []] = readRangeSets({
    config: { subnet: '10.15.20.0/16' },
    ipRanges: [],
    warn: (line) => warnings.push(line),
  });
  if (range === undefined) throw new Error('no range');
  expect([formatRange(range), formatIP(range.gateway)]).toEqual(['10.15.20.1-10.15.255.254', '10.15.20.1']);
  expect(warnings).toEqual([expect.stringContaining('subnet 10.15.20.0/16 has host bits set')]);
});

/** Range sets of up to three subnets, each with its bounds and gateway anywhere in it. */
const someSet = fc
  .array(
    fc.record({ bits: fc.integer({ min: 2, max: 5 }), a: fc.nat(31), b: fc.nat(31), gateway: fc.nat(31) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((subnets) =>
    subnets.map(({ bits, a, b, gateway }, index) => {
      const at = (host: number): string => `10.${index}.0.${host % 2 ** bits}`;
      const [rangeStart, rangeEnd] = [a, b].sort((x, y) => (x % 2 ** bits) - (y % 2 ** bits)).map(at);
      return {
        subnet: `10.${index}.0.0/${32 - bits}`,
        rangeStart: rangeStart ?? '',
        rangeEnd: rangeEnd ?? '',
        gateway: at(gateway),
      };
    }),
  );

/** Every address of a set in a row, found the slow way. */
function inARow(
  ranges: readonly Required<Omit<RangeConfig, 'exclude'>>[],
): { address: string; isGateway: boolean }[] {
  return ranges.flatMap(({ rangeStart, rangeEnd, gateway }) => {
    const [base, host] = [
      rangeStart.slice(0, rangeStart.lastIndexOf('.') + 1),
      (text: string) => Number(text.split('.')[3]),
    ];
    const row = [];
    for (let i = host(rangeStart); i <= host(rangeEnd); i++) {
      row.push({ address: `${base}${i}`, isGateway: `${base}${i}` === gateway });
    }
    return row;
  });
}

test('a round visits every address of a set once, from the one after the last', () => {
  fc.assert(
    fc.property(someSet, fc.nat(100), (ranges, offset) => {
      const row = inARow(ranges);
      const at = offset % row.length;
      const expected = [...row.slice(at + 1), ...row.slice(0, at + 1)].filter(({ isGateway }) => !isGateway);
      const [set = []] = read({ ranges: [ranges] });
      const round = [...candidates(set, parseIP(row[at]?.address ?? ''))];
      expect(round).toEqual(expected.map(({ address }) => address));
      expect(rangeSetSize(set)).toBe(BigInt(round.length));
    }),
  );
});

test('a last address of no range starts from the beginning', () => {
  const [set = []] = read(small);
  for (const last of [undefined, parseIP('192.0.2.1'), parseIP('fd00::1'), parseIP('10.1.2.7')]) {
    expect([...candidates(set, last)]).toEqual([2, 3, 4, 5, 6].map((host) => `10.1.2.${host}`));
  }
});

test('the ranges of IPv6 are not walked', () => {
  const [set = []] = read({ subnet: 'fd00::/64', rangeEnd: 'fd00::ffff:ffff:ffff:ffff' });
  const first = candidates(set, parseIP('fd00::ffff:ffff:ffff:fffe'));
  expect([first.next().value, first.next().value]).toEqual(['fd00::ffff:ffff:ffff:ffff', 'fd00::2']);
  expect(rangeSetSize(set)).toBe(2n ** 64n - 2n);
});
