import * as fs from 'node:fs';
import type { Files } from '../files.ts';

/** Spreads a change of one bit over the whole word, as calls.c does. */
function stir(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

/** To the bit what calls.c has. */
function sumAddresses(path: string, skip: number): [number, number] {
  let [first, second] = [0, 0];
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    const address = entry.name.slice(skip);
    if (!entry.isFile() || !/^[0-9a-f]*[.:][0-9a-f.:]+$/i.test(address)) continue;
    let [a, b] = [0x811c9dc5, 0x9747b28c];
    for (let i = 0; i < address.length; i++) {
      a = Math.imul(a ^ address.charCodeAt(i), 0x01000193);
      b = Math.imul(b ^ address.charCodeAt(i), 0x85ebca6b);
    }
    const { ino } = fs.lstatSync(`${path}/${entry.name}`, { bigint: true });
    const [low, high] = [Number(ino & 0xffffffffn), Number(ino >> 32n)];
    first = (first + stir(stir(a ^ low) ^ high)) >>> 0;
    second = (second + stir(stir(b ^ low) ^ high)) >>> 0;
  }
  return [first, second];
}

/** {@link Files} by `node:fs`, which Node has loaded before any program of ours runs. */
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
  mkdirSync,
  readdirSync,
  sumAddressesSync,
  utimesSync,
} = files;
