import { parseResult } from '../../../../cni/parse-result.ts';
import { formatCIDR, type IP, parseIP } from '../../../../netlink/ip.ts';
import { withListed } from '../../../../plugin/commands/del.ts';

const ip = (text: string): IP => {
  const parsed = parseIP(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

/** The addresses to release of those that are leased and those of the prevResult. */
const known = (leased: readonly string[], previous?: readonly string[]): string[] => {
  const ips = previous?.map((address) => ({ address }));
  const result = ips === undefined ? undefined : parseResult({ cniVersion: '1.0.0', ips });
  return withListed(leased.map(ip), result).map(formatCIDR);
};

test('with neither lease nor prevResult no address is known', () => {
  expect(known([])).toEqual([]);
  expect(known([], [])).toEqual([]);
});

test('a leased address is known by itself, whatever its subnet', () => {
  expect(known(['10.1.2.7', 'fd00::7'])).toEqual(['10.1.2.7/32', 'fd00::7/128']);
});

test('an address of the prevResult is known where its lease is lost', () => {
  expect(known([], ['10.1.2.7/24', 'fd00::7/64'])).toEqual(['10.1.2.7/24', 'fd00::7/64']);
});

test('an address that both have is known once', () => {
  expect(known(['10.1.2.7'], ['10.1.2.7/24', 'fd00::7/64'])).toEqual(['10.1.2.7/32', 'fd00::7/64']);
  expect(known(['fd00::7'], ['FD00:0::7/64'])).toEqual(['fd00::7/128']);
});

test('the same number in the other family is another address', () => {
  expect(known(['::a01:207'], ['10.1.2.7/24'])).toEqual(['::a01:207/128', '10.1.2.7/24']);
});
