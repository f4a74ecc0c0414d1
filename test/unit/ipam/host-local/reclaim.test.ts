import { truncateSync, utimesSync } from 'node:fs';
import { readRangeSets } from '../../../../ipam/host-local/ranges.ts';
import { proofOfDeath, reclaimLeases } from '../../../../ipam/host-local/reclaim.ts';
import { type Boot, bootID, currentBoot, unknownBoot } from '../../../../ipam/leases/boot.ts';
import { Store } from '../../../../ipam/leases/store.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const config = { subnet: '10.1.2.0/29' };
const net = useDirectory(new LeaseDirectory(config));

/** What a full range gives back, on the kernel described. */
function reclaim(boot: Boot): number {
  const [set = []] = readRangeSets({ config, ipRanges: [], warn: () => undefined });
  const store = Store.open(net.directory, (line) => net.warnings.push(line));
  try {
    return reclaimLeases(store, set, (line) => net.warnings.push(line), boot);
  } finally {
    store.close();
  }
}

const fill = (...ids: string[]): void => {
  for (const id of ids) net.add(id);
};

test('leases of an earlier boot are taken back when no address is free, and not before', () => {
  fill('a', 'b', 'c');
  net.reboot();
  fill('d', 'e');
  expect(net.warnings).toEqual([]);
  expect(net.find('a')).toEqual(['10.1.2.2']);
  expect(net.add('f')).toEqual(['10.1.2.2/29']);
  expect(net.warnings.sort()).toEqual(
    ['10.1.2.2 of container a', '10.1.2.3 of container b', '10.1.2.4 of container c'].map((words) =>
      expect.stringMatching(`${words} interface eth0: it was held during an earlier boot`),
    ),
  );
  expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.5', '10.1.2.6']);
  fill('g', 'h');
  expect(() => net.add('i')).toThrow('5 addresses, 5 leased');
});

test('the Go host-local’s leases that were seen in an earlier boot are taken back too', () => {
  for (let i = 2; i < 7; i++) net.goAdd(`go${i}`, `10.1.2.${i}`);
  expect(() => net.add('a')).toThrow('5 leased');
  net.reboot();
  expect(net.add('a')).toEqual(['10.1.2.2/29']);
});

test('a lease that the Go host-local made anew is not the one of the earlier boot', () => {
  fill('a', 'b', 'c', 'd', 'e');
  net.reboot();
  net.goDel('b');
  net.goAdd('b', '10.1.2.3');
  net.add('f');
  expect(net.find('b')).toEqual(['10.1.2.3']);
  expect(net.leased()).toEqual(['10.1.2.3', '10.1.2.4']);
});

test('a lease that a power cut left without content is taken back', () => {
  fill('a', 'b', 'c', 'd', 'e');
  net.reboot();
  truncateSync(`${net.directory}/10.1.2.4`);
  for (const id of ['a', 'b', 'd', 'e']) net.del(id);
  net.goAdd('f', '10.1.2.2');
  expect(net.add('g')).toEqual(['10.1.2.3/29']);
  // In its turn, though the directory looks untouched.
  expect(net.add('h')).toEqual(['10.1.2.4/29']);
  expect(net.warnings).toEqual([expect.stringContaining('10.1.2.4: it names no container')]);
  expect([net.find('g'), net.find('h'), net.find('c')]).toEqual([['10.1.2.3'], ['10.1.2.4'], []]);
  truncateSync(`${net.directory}/10.1.2.4`);
  expect(net.add('i', { requestedIPs: ['10.1.2.4'] })).toEqual(['10.1.2.4/29']);
});

test('it can be turned off', () => {
  fill('a', 'b', 'c', 'd', 'e');
  net.reboot();
  expect(() => net.add('f', { reclaimAfterReboot: false })).toThrow('5 addresses, 5 leased');
  expect(net.leased()).toHaveLength(5);
});

test('a lease first seen in this boot goes by its file’s time, ours does not', () => {
  fill('a');
  net.goAdd('old', '10.1.2.3');
  net.goAdd('new', '10.1.2.4');
  for (const address of ['10.1.2.2', '10.1.2.3']) utimesSync(`${net.directory}/${address}`, 1000, 1000);
  expect(reclaim({ id: bootID() })).toBe(0);
  expect(reclaim({ id: bootID(), start: 2_000_000 })).toBe(1);
  expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.4']);
  expect(net.warnings).toEqual([
    expect.stringContaining('10.1.2.3 of container old interface eth0: its file is older'),
  ]);
});

test.each<[string, Parameters<typeof proofOfDeath>, boolean]>([
  ['made in another boot', [{ origin: 'made', boot: 'aaaaaaaa' }, 5, { id: 'bbbbbbbb' }], true],
  ['seen in another boot', [{ origin: 'seen', boot: 'aaaaaaaa' }, 5, { id: 'bbbbbbbb' }], true],
  [
    'made in this boot, its time old',
    [{ origin: 'made', boot: 'aaaaaaaa' }, 5, { id: 'aaaaaaaa', start: 9 }],
    false,
  ],
  [
    'seen in this boot, its time old',
    [{ origin: 'seen', boot: 'aaaaaaaa' }, 5, { id: 'aaaaaaaa', start: 9 }],
    true,
  ],
  [
    'seen in this boot, its time not',
    [{ origin: 'seen', boot: 'aaaaaaaa' }, 9, { id: 'aaaaaaaa', start: 9 }],
    false,
  ],
  ['no boot ID then', [{ origin: 'made', boot: unknownBoot }, 9, { id: 'bbbbbbbb', start: 9 }], false],
  ['no boot ID now', [{ origin: 'made', boot: 'aaaaaaaa' }, 9, { id: unknownBoot, start: 9 }], false],
  ['no entry, its time old', [undefined, 5, { id: 'aaaaaaaa', start: 9 }], true],
  ['no entry, no start', [undefined, 5, { id: 'aaaaaaaa' }], false],
])('proof of death: %s', (_what, args, dead) => {
  expect(proofOfDeath(...args) !== undefined).toBe(dead);
});

test('the running kernel started in the past', () => {
  const { id, start } = currentBoot();
  expect(id).toMatch(/^[0-9a-f]{8}$/);
  expect(start ?? 0).toBeLessThan(Date.now());
});
