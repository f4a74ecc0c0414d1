import * as fs from 'node:fs';
import type { Files } from '../files.ts';

/** Bit for bit the same as in calls.c. */
function sumAddresses(path: string, skip: number): [number, number] {
  let [first, second] = [0, 0];
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    const address = entry.name.slice(skip);
    if (!entry.isFile() || !/^[0-9a-f]*[.:][0-9a-f.:]+$/i.test(address)) continue;
    let hash = fs.lstatSync(`${path}/${entry.name}`, { bigint: true }).ino;
    for (let i = 0; i < address.length; i++) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(address.charCodeAt(i))) * 0x100000001b3n);
    }
    hash = BigInt.asUintN(64, (hash ^ (hash >> 32n)) * 0x9e3779b97f4a7c15n);
    hash ^= hash >> 29n;
    first = (first + Number(hash & 0xffffffffn)) >>> 0;
    second = (second + Number(hash >> 32n)) >>> 0;
  }
  return [first, second];
}

/** {@link Files} by `node:fs`, which Node has always loaded already. */
const files: Files = {
  constants: fs.constants,
  openSync: (path, flags, mode) => fs.openSync(path, flags, mode),
  closeSync: (fd) => fs.closeSync(fd),
  readSync: (fd, buffer) => fs.readSync(fd, buffer),
  writeSync: (fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
  fsyncSync: (fd) => fs.fsyncSync(fd),
  ftruncateSync: (fd, length) => fs.ftruncateSync(fd, length),
  fstatSync: (fd) => fs.fstatSync(fd),
  lstatSync: (path, options) => fs.lstatSync(path, options),
  statSync: (path) => fs.statSync(path),
  statfsSync: (path) => fs.statfsSync(path),
  accessSync: (path, mode) => fs.accessSync(path, mode),
  linkSync: (existing, path) => fs.linkSync(existing, path),
  renameSync: (from, to) => fs.renameSync(from, to),
  unlinkSync: (path) => fs.unlinkSync(path),
  rmdirSync: (path) => fs.rmdirSync(path),
  symlinkSync: (target, path) => fs.symlinkSync(target, path),
  readlinkSync: (path) => fs.readlinkSync(path),
  fchmodSync: (fd, mode) => fs.fchmodSync(fd, mode),
  mkdirSync: (path, options) => void fs.mkdirSync(path, options),
  readdirSync: (path) => fs.readdirSync(path),
  sumAddressesSync: sumAddresses,
  utimesSync: (path, accessed, changed) => fs.utimesSync(path, accessed, changed),
};

export const {
  constants,
  openSync,
  closeSync,
  readSync,
  writeSync,
  fsyncSync,
  ftruncateSync,
  fstatSync,
  lstatSync,
  statSync,
  statfsSync,
  accessSync,
  linkSync,
  renameSync,
  unlinkSync,
  rmdirSync,
  symlinkSync,
  readlinkSync,
  fchmodSync,
  mkdirSync,
  readdirSync,
  sumAddressesSync,
  utimesSync,
} = files;
