import { parseMac, randomMac } from '../../../../plugin/config/mac.ts';

test.each([
  ['02:15:20:00:00:0a', '02:15:20:00:00:0a'],
  ['02:15:20:00:00:0A', '02:15:20:00:00:0a'],
  ['02-15-20-00-00-0a', '02:15:20:00:00:0a'],
  ['0215.2000.000A', '02:15:20:00:00:0a'],
  ['00:00:00:00:00:01', '00:00:00:00:00:01'],
  ['fe:ff:ff:ff:ff:ff', 'fe:ff:ff:ff:ff:ff'],
])('%s is read as %s', (text, mac) => {
  expect(parseMac(text)).toBe(mac);
});

test.each([
  ['zero', '00:00:00:00:00:00'],
  ['a multicast address', '01:00:5e:00:00:01'],
  ['broadcast', 'ff:ff:ff:ff:ff:ff'],
  ['nothing', ''],
  ['five bytes', '02:15:20:00:00'],
  ['seven bytes', '02:15:20:00:00:0a:0b'],
  ['eight bytes, as InfiniBand has', '02:15:20:00:00:00:00:0a'],
  ['single digits', '2:15:20:0:0:a'],
  ['no separators', '02152000000a'],
  ['two kinds of separators', '02:15-20:00:00:0a'],
  ['pairs with dots', '02.15.20.00.00.0a'],
  ['words with colons', '0215:2000:000a'],
  ['letters beyond f', '02:15:20:00:00:0g'],
  ['white space', ' 02:15:20:00:00:0a'],
  ['a line feed', '02:15:20:00:00:0a\n'],
])('%s is refused: %j', (_what, text) => {
  expect(parseMac(text)).toBeUndefined();
});

test('a random one is unicast, locally administered, and another each time', () => {
  const all = Array.from({ length: 200 }, randomMac);
  for (const mac of all) {
    expect(parseMac(mac)).toBe(mac);
    expect(mac).toMatch(/^.[26ae]:/);
  }
  expect(new Set(all).size).toBe(200);
});
