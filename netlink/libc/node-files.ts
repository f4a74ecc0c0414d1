import * as fs from 'node:fs';
import type { Files } from './files.ts';

/** {@link Files} by `node:fs`, which Node has loaded before any program of ours runs. */
const files: Files = {
  constants: fs.constants,
  openSync: fs.openSync,
  closeSync: fs.closeSync,
  readSync: (fd, buffer) => fs.readSync(fd, buffer),
  writeSync: (fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
  fsyncSync: fs.fsyncSync,
  ftruncateSync: fs.ftruncateSync,
  fstatSync: (fd) => fs.fstatSync(fd),
  lstatSync: (path, options) => fs.lstatSync(path, options),
  statSync: (path) => fs.statSync(path),
  statfsSync: (path) => fs.statfsSync(path),
  accessSync: fs.accessSync,
  linkSync: fs.linkSync,
  renameSync: fs.renameSync,
  unlinkSync: fs.unlinkSync,
  mkdirSync: (path, options) => void fs.mkdirSync(path, options),
  readdirSync: (path) => fs.readdirSync(path),
  utimesSync: fs.utimesSync,
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
