import { closeSync, fstatSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { libc } from '#libc';
import { lockFile } from '../../../../ipam/leases/lock.ts';
import { Store } from '../../../../ipam/leases/store.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/24' }));
afterEach(() => jest.restoreAllMocks());

/** Has something done while a lock is waited for, the first time that one is. */
function whileWaiting(action: () => void): void {
  const { flock } = libc;
  jest.spyOn(libc, 'flock').mockImplementationOnce((...args) => {
    action();
    return flock(...args);
  });
}

test('a lock that was removed and made anew while it was waited for is the new one', () => {
  mkdirSync(net.directory);
  const path = `${net.directory}/lock`;
  whileWaiting(() => {
    // While the first is open its inode is given to no other file.
    rmSync(path);
    writeFileSync(path, '');
  });
  const fd = lockFile(path);
  expect(fstatSync(fd).ino).toBe(statSync(path).ino);
  closeSync(fd);
});

test('a directory that was removed while its lock was waited for has no lease', () => {
  net.add('a');
  whileWaiting(() => rmSync(net.directory, { recursive: true }));
  expect(Store.openExisting(net.directory, () => undefined)).toBeUndefined();
  expect(net.del('a')).toEqual([]);
});

test('an ADD whose directory is removed while it waits makes a new one', () => {
  net.add('a');
  whileWaiting(() => rmSync(net.directory, { recursive: true }));
  expect(net.add('b')).toEqual(['10.1.0.2/24']);
  expect(net.leased()).toEqual(['10.1.0.2']);
});
