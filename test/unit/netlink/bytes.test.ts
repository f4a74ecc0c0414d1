import { be32, getBe32, getU16, getU32, hex, putU32, text, u32 } from '../../../netlink/bytes.ts';

const bytes = Uint8Array.of(0x01, 0x82, 0x03, 0x84, 0x05, 0x06, 0x07, 0x00, 0xff);

test('numbers are read in host byte order, unsigned', () => {
  expect(getU16(bytes, 0)).toBe(0x8201);
  expect(getU32(bytes, 0)).toBe(0x84038201);
});

test('bytes past the end count as 0', () => {
  expect(getU16(bytes, bytes.length - 1)).toBe(0xff);
  expect(getU32(bytes, bytes.length - 2)).toBe(0xff00);
  expect(getU32(bytes, 20)).toBe(0);
});

test('numbers are written in host byte order', () => {
  const out = new Uint8Array(8);
  putU32(out, 2, 0x89abcdef);
  expect(hex(out)).toBe('0000efcdab890000');
  expect(hex(u32(2 ** 32 - 2))).toBe('feffffff');
});

test('numbers are written and read in network byte order', () => {
  expect(hex(be32(0x89abcdef))).toBe('89abcdef');
  expect(getBe32(Uint8Array.of(0, 0x89, 0xab, 0xcd, 0xef), 1)).toBe(0x89abcdef);
});

test('a string ends in a NUL', () => {
  expect(hex(text('bü'))).toBe('62c3bc00');
});
