import {
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hash64 } from '../../../../cni/hash.ts';
import { buckets, placeOf } from '../../../../ipam/leases/attachment-index.ts';
import { bootID } from '../../../../ipam/leases/boot.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16' }));
afterEach(() => jest.restoreAllMocks());

/** How many files an action reads the content of by a lease's name. */
function leasesRead(action: () => void): number {
  const open = jest.spyOn(fs, 'openSync');
  action();
  const paths = open.mock.calls.map(([path]) => String(path));
  open.mockRestore();
  return paths.filter((path) => /\/10\.1\.[0-9.]+$/.test(path)).length;
}

test('a lease has an entry, which is the same file', () => {
  net.add('c1');
  const { bucket, digits } = placeOf('c1');
  const entry = `${digits}.made-${bootID()}.10.1.0.2`;
  expect(readdirSync(`${net.directory}/.attachments/${bucket}`)).toEqual([entry]);
  expect(net.indexed()).toEqual([entry]);
  expect(statSync(`${net.directory}/10.1.0.2`).nlink).toBe(2);
});

test('container IDs spread over the buckets', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 25_600; i++) {
    for (const id of [`c${i}`, `${i}-9b8f`.padStart(64, 'a')]) {
      const { bucket } = placeOf(id);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  }
  expect(counts.size).toBe(buckets.length);
  expect(Math.max(...counts.values())).toBeLessThan(500);
  expect(new Set(Array.from({ length: 50_000 }, (_, i) => hash64(`pod-${i}`))).size).toBe(50_000);
});

test('among many leases, an operation reads its own alone', () => {
  for (let i = 0; i < 100; i++) net.add(`c${i}`);
  expect(leasesRead(() => net.add('another'))).toBe(0);
  expect(leasesRead(() => net.find('c7'))).toBe(1);
  expect(leasesRead(() => net.del('c7'))).toBe(1);
  expect(leasesRead(() => net.del('c7'))).toBe(0);
});

test('leases of the Go host-local are read once, and found from then on', () => {
  for (let i = 2; i < 50; i++) net.goAdd(`go${i}`, `10.1.0.${i}`);
  expect(leasesRead(() => net.add('c1'))).toBe(48);
  expect(leasesRead(() => net.find('go7'))).toBe(1);
  net.goAdd('late', '10.1.9.9');
  expect(leasesRead(() => expect(net.find('late')).toEqual(['10.1.9.9']))).toBe(2);
  expect(net.indexed().filter((name) => name.includes('seen'))).toHaveLength(49);
});

test('the Go host-local takes our entries away with its release', () => {
  net.add('a');
  net.add('b');
  net.goDel('a');
  expect(net.indexed()).toHaveLength(1);
  expect(net.find('b')).toEqual(['10.1.0.3']);
});

test('a change is seen however coarse the clock', () => {
  net.add('a');
  const before = statSync(net.directory).mtime;
  net.goAdd('go', '10.1.0.9');
  expect(statSync(net.directory).mtime).not.toEqual(before);
  expect(net.find('go')).toEqual(['10.1.0.9']);
});

test('a lease removed by hand takes its entry along', () => {
  net.add('a');
  unlinkSync(`${net.directory}/10.1.0.2`);
  expect(net.find('a')).toEqual([]);
  expect(net.indexed()).toEqual([]);
});

test('a lease removed by hand and made anew for another is found by its new owner', () => {
  net.add('a');
  unlinkSync(`${net.directory}/10.1.0.2`);
  net.goAdd('b', '10.1.0.2');
  expect(net.del('a')).toEqual([]);
  expect(net.del('b')).toEqual(['10.1.0.2']);
});

test('without the index the directory is looked through', () => {
  net.add('a');
  rmSync(`${net.directory}/.attachments`, { recursive: true });
  expect(net.find('a')).toEqual(['10.1.0.2']);
  expect(net.indexed()).toHaveLength(1);
});

test('a copy without hard links is as good', () => {
  net.add('a');
  const copy = new LeaseDirectory(net.config);
  cpSync(net.directory, copy.directory, { recursive: true, preserveTimestamps: true });
  expect(statSync(`${copy.directory}/10.1.0.2`).nlink).toBe(1);
  expect(copy.del('a')).toEqual(['10.1.0.2']);
  expect(copy.indexed()).toEqual([]);
  copy.remove();
});

test('strange names in the index are passed over', () => {
  net.add('a');
  const [bucket] = readdirSync(`${net.directory}/.attachments`);
  writeFileSync(`${net.directory}/.attachments/note`, '');
  writeFileSync(`${net.directory}/.attachments/${bucket}/note`, '');
  mkdirSync(`${net.directory}/.attachments/${bucket}/more`);
  rmSync(`${net.directory}/last_reserved_ip.0`);
  expect(net.find('a')).toEqual(['10.1.0.2']);
  expect(net.add('b')).toEqual(['10.1.0.3/16']);
});

test('a draft that a crash left, a lease by now, is not written to', () => {
  net.add('a');
  linkSync(`${net.directory}/10.1.0.2`, `${net.directory}/.attachments/draft`);
  net.add('b');
  expect([net.read('10.1.0.2'), net.read('10.1.0.3')]).toEqual(['a\r\neth0', 'b\r\neth0']);
});

test('a nearly full range is searched by name, not address by address', () => {
  for (let i = 2; i < 200; i++) net.goAdd(`go${i}`, `10.1.0.${i}`);
  net.write('last_reserved_ip.0', '10.1.0.1');
  const link = jest.spyOn(fs, 'linkSync');
  net.add('first');
  const claims = link.mock.calls.filter(([from]) => String(from).endsWith('/draft'));
  expect(claims.length).toBeLessThan(20);
  expect(net.find('first')).toEqual(['10.1.0.200']);
});

test('an entry under another boot is the same lease', () => {
  net.add('a');
  const [bucket = ''] = readdirSync(`${net.directory}/.attachments`);
  const [name = ''] = readdirSync(`${net.directory}/.attachments/${bucket}`);
  const path = `${net.directory}/.attachments/${bucket}/`;
  renameSync(path + name, path + name.replace(bootID(), '01234567'));
  expect(() => net.add('a', { reclaimAfterReboot: false })).toThrow('duplicate');
  expect(net.del('a')).toEqual(['10.1.0.2']);
});
