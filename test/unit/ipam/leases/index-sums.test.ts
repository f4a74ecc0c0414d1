import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { sumAddressesSync } from '#files';
import { buckets, placeOf } from '../../../../ipam/leases/attachment-index.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16', ranges: [[{ subnet: 'fd00::/64' }]] }));

describe('the sums', () => {
  const sums = (): string => `${net.directory}/.attachments/sums`;
  const bucketOf = (id: string): string => `${net.directory}/.attachments/${placeOf(id).bucket}`;

  beforeEach(() => {
    net.add('a');
    net.goAdd('b', '10.1.0.9');
    net.find('b');
  });

  test('are of addresses and inodes, of nothing else', () => {
    const sum = (): readonly number[] => sumAddressesSync(net.directory, 0);
    const before = sum();
    for (const name of ['cafe', '10.', 'other']) net.write(name, '');
    symlinkSync('cafe', `${net.directory}/10.1.0.77`);
    expect(sum()).toEqual(before);
    renameSync(`${net.directory}/10.1.0.9`, `${net.directory}/10.1.0.10`);
    expect(sum()).not.toEqual(before);
    renameSync(`${net.directory}/10.1.0.10`, `${net.directory}/10.1.0.9`);
    expect(sum()).toEqual(before);
    linkSync(`${net.directory}/10.1.0.9`, `${net.directory}/keep`);
    unlinkSync(`${net.directory}/10.1.0.9`);
    net.write('10.1.0.9', 'b\r\neth0');
    expect(sum()).not.toEqual(before);
  });

  test('of many directories differ', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      net.write(`10.${i >> 8}.2.${i & 255}`, '');
      seen.add(String(sumAddressesSync(net.directory, 0)));
    }
    expect(seen.size).toBe(300);
  });

  test.each<[string, () => void]>([
    ['missing', () => rmSync(sums())],
    ['cut', () => truncateSync(sums(), 100)],
    ['of another boot', () => writeFileSync(sums(), readFileSync(sums()).fill('0', 0, 8))],
    ['wrong', () => writeFileSync(sums(), readFileSync(sums()).fill(7, 8))],
    [
      'a link',
      () => {
        rmSync(sums());
        symlinkSync(`${net.dataDir}/elsewhere`, sums());
      },
    ],
    [
      'a directory',
      () => {
        rmSync(sums());
        mkdirSync(sums());
      },
    ],
  ])('that are %s cost time and nothing more', (_what, spoil) => {
    spoil();
    net.goAdd('c', '10.1.0.11');
    expect(() => net.add('c')).toThrow('duplicate');
    expect(net.find('b')).toEqual(['10.1.0.9']);
    expect(net.del('c')).toEqual(['10.1.0.11']);
    expect(existsSync(`${net.dataDir}/elsewhere`)).toBe(false);
  });

  test('from before a power cut, which may be older than a bucket, do not count', () => {
    net.goAdd('last', '10.1.0.20');
    net.find('last');
    const [entry] = readdirSync(bucketOf('b')).filter((name) => name.startsWith(placeOf('b').digits));
    const { atime, mtime } = lstatSync(bucketOf('b'));
    unlinkSync(`${bucketOf('b')}/${entry}`);
    utimesSync(bucketOf('b'), atime, mtime);
    utimesSync(net.directory, 5, 5);
    writeFileSync(sums(), readFileSync(sums()).fill('0', 0, 8));
    expect(net.find('b')).toEqual(['10.1.0.9']);
  });

  test('a bucket that the Go host-local changed is summed anew', () => {
    net.goDel('b');
    expect(lstatSync(bucketOf('b')).mtimeMs).toBeGreaterThan(1e12);
    // The same file under the same name, as where an inode is used again, but nobody's entry.
    linkSync(`${net.directory}/10.1.0.2`, `${net.directory}/10.1.0.9`);
    utimesSync(net.directory, 5, 5);
    expect(net.find('a')).toContain('10.1.0.2');
    net.add('other');
    expect(net.find('a')).toContain('10.1.0.9');
  });

  test('an entry too many, and one that is another file, are put right', () => {
    const [entry = ''] = readdirSync(bucketOf('b'));
    linkSync(`${bucketOf('b')}/${entry}`, `${bucketOf('b')}/${entry.replace('.seen-', '.made-')}`);
    linkSync(`${net.directory}/10.1.0.2`, `${bucketOf('b')}/${entry.replace(/\.10\..*/, '.10.1.0.50')}`);
    utimesSync(net.directory, 5, 5);
    net.add('other');
    expect(readdirSync(bucketOf('b')).filter((name) => name.startsWith(placeOf('b').digits))).toHaveLength(1);
    expect(net.find('b')).toEqual(['10.1.0.9']);
  });

  test('there is one for each bucket', () => {
    expect(statSync(sums()).size).toBe(8 + 8 * buckets.length);
  });
});
