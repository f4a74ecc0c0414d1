import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import type { HostLocalConfig } from '../../ipam/config.ts';
import { addLeases, delLeases, findLeases } from '../../ipam/host-local.ts';
import { candidates, rangeSetSize, readRangeSets } from '../../ipam/ranges.ts';
import { parseResolvConf } from '../../ipam/resolv-conf.ts';
import { formatIP, parseIP } from '../../netlink/ip.ts';

const ignore = (): void => undefined;
let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(`${tmpdir()}/ipam-`);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function request(config: HostLocalConfig, containerID = 'c1', requestedIPs: string[] = [], ifname = 'eth0') {
  const attachment = { network: 'net', containerID, ifname };
  return { attachment, config: { dataDir, ...config }, ipRanges: [], requestedIPs, warn: ignore };
}

const lease = (...args: Parameters<typeof request>): string[] =>
  addLeases(request(...args)).ips.map(({ address }) => address);

const small = { subnet: '10.1.2.0/29' };

test('addresses go round, the gateway left out, and a full range says so', () => {
  const given = ['a', 'b', 'c', 'd', 'e'].map((id) => lease(small, id)[0]);
  expect(given).toEqual(['10.1.2.2/29', '10.1.2.3/29', '10.1.2.4/29', '10.1.2.5/29', '10.1.2.6/29']);
  expect(() => lease(small, 'f')).toThrow('5 addresses, 5 leased');
  expect(delLeases(request(small, 'b'))).toEqual(['10.1.2.3']);
  expect(lease(small, 'f')).toEqual(['10.1.2.3/29']);
});

test('the address after the last one is next, not the one given back', () => {
  lease(small, 'a');
  delLeases(request(small, 'a'));
  expect(lease(small, 'a')).toEqual(['10.1.2.3/29']);
  expect(readFileSync(`${dataDir}/net/last_reserved_ip.0`, 'utf8')).toBe('10.1.2.3');
});

test('a lease holds the container and the interface, readable by its owner alone', () => {
  lease(small);
  expect(readFileSync(`${dataDir}/net/10.1.2.2`, 'utf8')).toBe('c1\r\neth0');
  expect(statSync(`${dataDir}/net/10.1.2.2`).mode & 0o777).toBe(0o600);
  expect(readdirSync(`${dataDir}/net`).sort()).toEqual(['10.1.2.2', 'last_reserved_ip.0', 'lock']);
});

test('a second lease for an attachment is refused, for another interface it is not', () => {
  lease(small);
  expect(() => lease(small)).toThrow('10.1.2.2 is leased to container c1 interface eth0 already');
  expect(lease(small, 'c1', [], 'eth1')).toEqual(['10.1.2.3/29']);
  expect(delLeases(request(small))).toEqual(['10.1.2.2']);
  expect(findLeases(request(small, 'c1', [], 'eth1'))).toEqual(['10.1.2.3']);
});

test('a lease of the oldest format is its container’s', () => {
  lease(small, 'other');
  writeFileSync(`${dataDir}/net/10.1.2.5`, ' c1\n');
  expect(findLeases(request(small))).toEqual(['10.1.2.5']);
});

test.each(['', 'nonsense', '192.0.2.1'])('a last_reserved_ip of "%s" is no hindrance', (content) => {
  lease(small, 'a');
  writeFileSync(`${dataDir}/net/last_reserved_ip.0`, content);
  expect(lease(small, 'b')).toEqual(['10.1.2.3/29']);
});

test('an empty lease, such as a crash leaves, is no lease', () => {
  lease(small, 'a');
  writeFileSync(`${dataDir}/net/10.1.2.3`, '');
  expect(lease(small, 'b')).toEqual(['10.1.2.3/29']);
});

test('one address of each range set, all or none', () => {
  const both = { ranges: [[small], [{ subnet: 'fd00::/64' }]] };
  expect(lease(both)).toEqual(['10.1.2.2/29', 'fd00::2/64']);
  const narrow = {
    ranges: [[{ subnet: 'fd01::/64' }], [{ ...small, rangeStart: '10.1.2.2', rangeEnd: '10.1.2.2' }]],
  };
  expect(() => lease(narrow, 'c2')).toThrow('1 addresses, 1 leased');
  expect(existsSync(`${dataDir}/net/fd01::2`)).toBe(false);
});

test('a requested address is given, or refused by name', () => {
  expect(lease(small, 'a', ['10.1.2.5'])).toEqual(['10.1.2.5/29']);
  expect(() => lease(small, 'b', ['10.1.2.5/29'])).toThrow('10.1.2.5 is leased to container a');
  expect(() => lease(small, 'b', ['10.1.2.1'])).toThrow('10.1.2.1 is the gateway');
  expect(() => lease(small, 'b', ['10.9.9.9'])).toThrow('10.9.9.9 is in no range');
  expect(findLeases(request(small, 'b'))).toEqual([]);
});

test('a symbolic link where a lease or the lock should be is not followed', () => {
  lease(small, 'a');
  symlinkSync('/etc/hostname', `${dataDir}/net/10.1.2.3`);
  expect(() => lease(small, 'b')).toThrow('ELOOP');
  rmSync(`${dataDir}/net/10.1.2.3`);
  rmSync(`${dataDir}/net/lock`);
  symlinkSync(`${dataDir}/elsewhere`, `${dataDir}/net/lock`);
  expect(() => lease(small, 'b')).toThrow('ELOOP');
  expect(existsSync(`${dataDir}/elsewhere`)).toBe(false);
});

test("a subnet with host bits set begins after the address as written, as rkt's host-local had it", () => {
  const warnings: string[] = [];
  const asked = request({ subnet: '10.15.20.0/16' });
  const { ips } = addLeases({ ...asked, warn: (line) => warnings.push(line) });
  expect(ips).toEqual([{ address: '10.15.20.2/16', gateway: '10.15.20.1' }]);
  expect(warnings).toEqual([expect.stringContaining('10.15.20.0/16')]);
});

test.each<[string, HostLocalConfig, string]>([
  ['no subnet', {}, 'nothing to allocate from'],
  ['no CIDR', { subnet: '10.1.2.0' }, '"10.1.2.0"'],
  ['too small', { subnet: '10.1.2.0/31' }, 'too small'],
  ['too small for IPv6', { subnet: 'fd00::/128' }, 'too small'],
  ['rangeStart outside', { ...small, rangeStart: '10.1.3.1' }, '10.1.3.1 is not in subnet 10.1.2.0/29'],
  ['start after end', { ...small, rangeStart: '10.1.2.5', rangeEnd: '10.1.2.4' }, 'is after rangeEnd'],
  ['overlap', { ranges: [[small], [{ subnet: '10.1.0.0/16' }]] }, 'overlap'],
  ['mixed families', { ranges: [[small, { subnet: 'fd00::/64' }]] }, 'mixes'],
])('ranges are checked: %s', (_what, config, words) => {
  expect(() => readRangeSets(config, [], ignore)).toThrow(words);
});

test('a round visits every address of a set once, from wherever it starts', () => {
  const sets = readRangeSets({ ranges: [[small, { subnet: '10.9.0.0/28' }]] }, [], ignore);
  const [set = []] = sets;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), (offset) => {
      const all = [...candidates(set, undefined)].map(({ ip }) => formatIP(ip));
      const start = all[offset % all.length] ?? '';
      const round = [...candidates(set, parseIP(start))].map(({ ip }) => formatIP(ip));
      expect(BigInt(round.length)).toBe(rangeSetSize(set));
      expect(new Set(round)).toEqual(new Set(all));
      expect(round.at(-1)).toBe(start);
      expect(round[0]).toBe(all[(offset + 1) % all.length]);
    }),
  );
});

test('resolv.conf', () => {
  expect(
    parseResolvConf(
      '# a\nnameserver 10.0.0.1\nnameserver fd00::1\ndomain a.b\nsearch a.b c.d\noptions ndots:2\n',
    ),
  ).toEqual({
    nameservers: ['10.0.0.1', 'fd00::1'],
    domain: 'a.b',
    search: ['a.b', 'c.d'],
    options: ['ndots:2'],
  });
});
