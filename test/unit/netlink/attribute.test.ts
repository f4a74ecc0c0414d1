import { type Attribute, Attributes, attribute, attributeList, nest } from '../../../netlink/attribute.ts';
import { ProtocolError } from '../../../netlink/error.ts';
import * as format from '../../../netlink/format.ts';
import { MessageBody } from '../../../netlink/message-body.ts';
import { struct } from '../../../netlink/struct.ts';
import { attribute as attributeBytes, bytes, concat, hex, nested, text, u32 } from '../../support/netlink.ts';

const name = attribute(3, format.text);
const info = nest(18);
const kind = attribute(1, format.text);
const written = (put: (body: MessageBody) => unknown): string => {
  const body = new MessageBody();
  put(body);
  return hex(body.done());
};

test('an attribute is padded to four bytes, its length is not', () => {
  expect(written((body) => body.put(name, 'br0'))).toBe('08000300' + '62723000');
  expect(written((body) => body.put(name, 'br'))).toBe('07000300' + '62720000');
  expect(written((body) => body.nested(info, () => body.put(kind, 'veth')))).toBe(
    '10001280' + // 16 bytes; 18 with NLA_F_NESTED
      '09000100' +
      '7665746800000000',
  );
});

test('attributes are read with their flags masked', () => {
  const both = concat([nested(18, attributeBytes(1, u32(7))), attributeBytes(3, text('x'))]);
  expect(attributeList(both).map(([type]) => type)).toEqual([18, 3]);
  const read = new Attributes(both);
  expect(read.get(attribute(2, format.bytes))).toBeUndefined();
  expect(hex(new Attributes(read.payload(info)).get(attribute(1, format.bytes)) ?? bytes(''))).toBe(
    '07000000',
  );
});

test('an attribute longer than its message is refused', () => {
  for (const bad of ['ff000300 62723000', '03000300']) {
    expect(() => new Attributes(bytes(bad))).toThrow(ProtocolError);
    expect(() => attributeList(bytes(bad))).toThrow(ProtocolError);
  }
});

test('of several attributes of one type the last is read', () => {
  const twice = concat([attributeBytes(4, u32(1400)), attributeBytes(4, u32(1500))]);
  expect(new Attributes(twice).get(attribute(4, format.u32))).toBe(1500);
});

const pair = struct({ flags: format.u16, vid: format.u16 });

/** An attribute of type 5 that is written and read by one description. */
function isBoth<T, R>(one: Attribute<T, R>, value: T & R, expected: string): void {
  const encoded = new MessageBody().put(one, value).done();
  expect(hex(encoded)).toBe(expected);
  expect(new Attributes(encoded).get(one)).toEqual(value);
}

test('numbers are written and read by one description', () => {
  isBoth(attribute(5, format.u8), 0xfe, '05000500' + 'fe000000');
  isBoth(attribute(5, format.u16), 0xfedc, '06000500' + 'dcfe0000');
  isBoth(attribute(5, format.u32), 0xfedcba98, '08000500' + '98badcfe');
  isBoth(attribute(5, format.s32), -2, '08000500' + 'feffffff');
  isBoth(attribute(5, format.be16), 0xfedc, '06000500' + 'fedc0000');
  isBoth(attribute(5, format.be32), 0xfedcba98, '08000500' + 'fedcba98');
  isBoth(attribute(5, format.flag), true, '05000500' + '01000000');
  isBoth(attribute(5, format.flag), false, '05000500' + '00000000');
  isBoth(attribute(5, pair), { flags: 6, vid: 10 }, '08000500' + '06000a00');
});

test('so is what has a length of its own', () => {
  isBoth(attribute(5, format.text), 'bü', '08000500' + '62c3bc00');
  isBoth(attribute(5, format.bytes), Uint8Array.of(1, 2, 3), '07000500' + '01020300');
  isBoth(attribute(5, format.mac), '02:00:00:00:00:0a', '0a000500' + '02000000000a0000');
  isBoth(attribute(5, format.ip), { family: 2, value: 0x0a0f1401n }, '08000500' + '0a0f1401');
});

test('an attribute that is missing has the value that its format has for that', () => {
  const missing = new Attributes(bytes(''));
  expect(missing.get(attribute(5, format.u32))).toBe(0);
  expect(missing.get(attribute(5, format.flag))).toBe(false);
  expect(missing.get(attribute(5, format.text))).toBe('');
  expect(missing.get(attribute(5, format.mac))).toBe('');
  expect(missing.get(attribute(5, format.ip))).toBeUndefined();
  expect(missing.get(attribute(5, pair))).toEqual({ flags: 0, vid: 0 });
  expect(missing.nested(info).has(kind)).toBe(false);
});

test('an attribute without a value is not written', () => {
  expect(written((body) => body.put(name, undefined))).toBe('');
});

test('an attribute that is too short for its number counts as missing', () => {
  const short = attributeBytes(4, Uint8Array.of(1, 2, 3));
  expect(new Attributes(short).get(attribute(4, format.u32))).toBe(0);
  expect(new Attributes(short).has(attribute(4, format.u32))).toBe(true);
});

test('a body that outgrows its memory is whole', () => {
  const long = new Uint8Array(5000).fill(7);
  const encoded = new MessageBody().put(name, 'br0').put(attribute(7, format.bytes), long).done();
  expect(hex(encoded)).toBe(`08000300${'62723000'}8c130700${'07'.repeat(5000)}`);
});
