import fc from 'fast-check';
import { rangeSetSize, turn } from '../../../../ipam/host-local/allocate.ts';
import type { HostLocalConfig } from '../../../../ipam/host-local/config.ts';
import { type RangeSet, readRangeSets } from '../../../../ipam/host-local/ranges.ts';
import { formatIP, parseIP } from '../../../../netlink/ip.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29', exclude: ['10.1.2.2', '10.1.2.4/31'] }));

const read = (config: HostLocalConfig): RangeSet[] =>
  readRangeSets({ config, ipRanges: [], warn: () => undefined });

test.each<[string, string[], string]>([
  ['no address', ['x'], 'exclude: invalid IP address or subnet: x'],
  ['no prefix length', ['10.1.2.2/33'], 'exclude: invalid IP address or subnet: 10.1.2.2/33'],
  ['an address outside', ['10.1.2.2', '10.1.3.1'], 'exclude: 10.1.3.1 is not in subnet 10.1.2.0/29'],
  ['the other family', ['fd00::1'], 'exclude: fd00::1 is not in subnet 10.1.2.0/29'],
  ['more than the subnet', ['10.1.0.0/16'], 'exclude: 10.1.0.0/16 is not in subnet 10.1.2.0/29'],
  [
    'host bits',
    ['10.1.2.3/30'],
    'exclude: 10.1.2.3/30 has host bits set: write 10.1.2.3 for the address, 10.1.2.0/30 for the subnet',
  ],
])('refused: %s', (_what, exclude, details) => {
  const expected = { code: 7, msg: 'invalid IPAM configuration', details };
  expect(errorOf(() => net.add('a', { exclude }))).toEqual(expected);
  expect(errorOf(() => read({ ranges: [[{ subnet: '10.1.2.0/29', exclude }]] }))).toEqual(expected);
  expect(net.leased()).toEqual([]);
});

test('refused: exclude beside no subnet', () => {
  const config = { exclude: ['10.1.2.2'], ranges: [[{ subnet: '10.1.2.0/29' }]] };
  expect(errorOf(() => read(config))).toMatchObject({
    code: 7,
    details: 'exclude: ["10.1.2.2"] has no subnet beside it: put it into a range',
  });
});

test('excluded addresses are not leased, and a range without others is full', () => {
  expect(['a', 'b'].map((id) => net.add(id)[0])).toEqual(['10.1.2.3/29', '10.1.2.6/29']);
  expect(errorOf(() => net.add('c'))).toEqual({
    code: 11,
    msg: 'no IP addresses available in range set: 10.1.2.1-10.1.2.6 (2 addresses, 2 leased, the excluded ones not counted)',
    details: net.directory,
  });
  expect(net.leased()).toEqual(['10.1.2.3', '10.1.2.6']);
});

test('an excluded address is leased to who requests it, and counts as none of the range', () => {
  expect(net.add('a', { requestedIPs: ['10.1.2.4'] })).toEqual(['10.1.2.4/29']);
  expect(errorOf(() => net.add('b', { requestedIPs: ['10.1.2.4'] }))).toMatchObject({ code: 11 });
  expect(['b', 'c'].map((id) => net.add(id)[0])).toEqual(['10.1.2.6/29', '10.1.2.3/29']);
  expect(() => net.add('d')).toThrow('(2 addresses, 2 leased, the excluded ones not counted)');
  expect(net.del('a')).toEqual(['10.1.2.4']);
});

test('an address from before a reboot that is excluded since is not leased again', () => {
  net.add('a', { exclude: [] });
  expect(net.leased()).toEqual(['10.1.2.2']);
  net.reboot();
  expect(net.add('a')).toEqual(['10.1.2.3/29']);
  expect(net.leased()).toEqual(['10.1.2.3']);
});

test('everything may be excluded, the gateway too, which stays the gateway', () => {
  const exclude = ['10.1.2.0/29'];
  expect(() => net.add('a', { exclude })).toThrow(
    'no IP addresses available in range set: 10.1.2.1-10.1.2.6 (0 addresses, 0 leased, the excluded ones not counted)',
  );
  const refusal = errorOf(() => net.add('a', { exclude, requestedIPs: ['10.1.2.1'] }));
  expect(refusal).toMatchObject({ code: 7, msg: "requested ip 10.1.2.1 is subnet's gateway" });
  expect(net.add('a', { exclude, requestedIPs: ['10.1.2.5'] })).toEqual(['10.1.2.5/29']);
});

test('half of a /64 is passed over at once', () => {
  const ranges = [[{ subnet: 'fd00::/64', exclude: ['fd00::/65', 'fd00::8000:0:0:0/66'] }]];
  const config = { subnet: '10.1.2.0/29', ranges };
  expect(net.add('a', config)).toEqual(['10.1.2.3/29', 'fd00::c000:0:0:0/64']);
  expect(net.add('b', config)).toEqual(['10.1.2.6/29', 'fd00::c000:0:0:1/64']);
  const [, set = []] = read(config);
  expect(rangeSetSize(set)).toBe(2n ** 62n);
});

/** Subnets within 10.0.0.0/26, in any order, overlapping or not. */
const someExclude = fc.array(
  fc.tuple(fc.nat(63), fc.integer({ min: 26, max: 32 })).map(([host, prefix]) => {
    const size = 2 ** (32 - prefix);
    return `10.0.0.${host - (host % size)}/${prefix}`;
  }),
  { maxLength: 8 },
);

function hostsOf(text: string): number[] {
  const [address = '', prefix = ''] = text.split('/');
  const first = Number(address.split('.')[3]);
  return Array.from({ length: 2 ** (32 - Number(prefix)) }, (_, index) => first + index);
}

test('a round visits what no exclude has, from the one after the last', () => {
  fc.assert(
    fc.property(someExclude, fc.integer({ min: 1, max: 62 }), (exclude, last) => {
      const out = new Set(exclude.flatMap(hostsOf));
      const row = Array.from({ length: 62 }, (_, index) => index + 1);
      const expected = [...row.slice(last), ...row.slice(0, last)].filter((host) => !out.has(host));
      const [set = []] = read({ subnet: '10.0.0.0/26', gateway: '192.0.2.1', exclude });
      const round = turn(set, parseIP(`10.0.0.${last}`)).flatMap((span) => {
        const values: string[] = [];
        for (let value = span.first; value <= span.last; value++) {
          values.push(formatIP({ family: span.range.first.family, value }));
        }
        return values;
      });
      expect(round).toEqual(expected.map((host) => `10.0.0.${host}`));
      expect(rangeSetSize(set)).toBe(BigInt(expected.length));
    }),
  );
});
