import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { openNamespace } from '../../netlink/namespace.ts';

const openFiles = (): string[] => fs.readdirSync('/proc/self/fd');

afterEach(() => jest.restoreAllMocks());

test('a file that is not a namespace is refused, and is not left open', () => {
  const before = openFiles();
  expect(() => openNamespace('/dev/null')).toThrow('open network namespace /dev/null: EINVAL');
  expect(openFiles()).toEqual(before);
});

test('a file that cannot be looked at is not left open', () => {
  const before = openFiles();
  jest.spyOn(fs, 'statfsSync').mockImplementation(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  expect(() => openNamespace('/proc/self/ns/net')).toThrow('EIO');
  expect(openFiles()).toEqual(before);
});

test('what was opened counts, not what the path leads to a moment later', () => {
  const root = fs.mkdtempSync(`${tmpdir()}/namespace-`);
  const path = `${root}/net`;
  try {
    fs.writeFileSync(path, '');
    const { openSync } = fs;
    jest.spyOn(fs, 'openSync').mockImplementation((...args) => {
      const fd = openSync(...args);
      fs.unlinkSync(path);
      fs.symlinkSync('/proc/self/ns/net', path);
      return fd;
    });
    expect(() => openNamespace(path)).toThrow(`open network namespace ${path}: EINVAL`);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
