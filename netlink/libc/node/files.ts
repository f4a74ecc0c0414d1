import * as fs from 'node:fs';
import type { Files } from '../files.ts';

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
  utimesSync,
} = files;
