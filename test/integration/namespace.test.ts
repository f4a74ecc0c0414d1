import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { openNamespace, openOwnNamespace } from '../../netlink/namespace.ts';

const openFiles = (): string[] => fs.readdirSync('/proc/self/fd');

const own = openOwnNamespace();

afterEach(() => jest.restoreAllMocks());
afterAll(() => fs.closeSync(own.fd));

test('a file that is not a namespace is refused, and is not left open', () => {
  const before = openFiles();
  expect(() => openNamespace('/dev/null', own)).toThrow('open network namespace /dev/null: EINVAL');
  expect(openFiles()).toEqual(before);
});

test('a file that cannot be looked at is not left open', () => {
  const before = openFiles();
  jest.spyOn(fs, 'fstatSync').mockImplementation(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  expect(() => openNamespace('/proc/self/ns/net', own)).toThrow('EIO');
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
    expect(() => openNamespace(path, own)).toThrow(`open network namespace ${path}: EINVAL`);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
