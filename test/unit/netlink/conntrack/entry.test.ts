import { equal } from '../../../../netlink/bytes.ts';
import {
  decodeEntryFrom,
  deleteEntry,
  getEntryCount,
  listEntries,
  listEntriesFrom,
} from '../../../../netlink/conntrack/entry.ts';
import { attribute, bytes, cidr, concat, hex, nested } from '../../../support/netlink.ts';

const addresses = (source: string, destination: string): Uint8Array =>
  nested(1, attribute(1, bytes(source)), attribute(2, bytes(destination))); // CTA_TUPLE_IP: CTA_IP_V4_SRC, CTA_IP_V4_DST
const ports = nested(2, attribute(1, bytes('11')), attribute(2, bytes('0400')), attribute(3, bytes('0035')));
const [container, outside, host] = ['0a0f1402', 'c0000202', 'c0000201'];

/** A connection from outside to a host's port that leads into a container. */
const original = concat([addresses(outside, host), ports]);
const body = concat([
  bytes('02000000'), // struct nfgenmsg: AF_INET
  nested(1, original), // CTA_TUPLE_ORIG
  nested(2, addresses(container, outside), ports), // CTA_TUPLE_REPLY
  attribute(12, bytes('01020304')), // CTA_ID
  attribute(18, bytes('0005')), // CTA_ZONE
]);
const from = (digits: string) => decodeEntryFrom({ body }, (source) => equal(source, bytes(digits)));

test('all entries, and those from an address in a direction', () => {
  expect(listEntries()).toMatchObject({ type: 0x0101, flags: 0, body: new Uint8Array(4) });
  const { type, body: request } = listEntriesFrom(cidr('10.15.20.2/32').ip, 'reply');
  expect(type).toBe(0x0101); // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
  expect(hex(request)).toBe(
    '02000000' + // struct nfgenmsg: AF_INET
      '10000280' + // CTA_TUPLE_REPLY
      '0c000180' + // CTA_TUPLE_IP
      '08000100' +
      '0a0f1402' + // CTA_IP_V4_SRC
      '0c001980' + // CTA_FILTER
      '08000200' +
      '01000000', // CTA_FILTER_REPLY_FLAGS: CTA_FILTER_F_CTA_IP_SRC
  );
  const six = hex(listEntriesFrom(cidr('fd00::2/128').ip, 'original').body);
  expect(six).toContain(`14000300fd00${'00'.repeat(13)}02`); // CTA_IP_V6_SRC
  expect(six).toMatch(/0800010001000000$/); // CTA_FILTER_ORIG_FLAGS
});

test('an entry is found by the source of either direction, not by a destination', () => {
  expect(from(outside)).toBeDefined();
  expect(from(container)).toBeDefined();
  expect(from(host)).toBeUndefined();
  expect(from('')).toBeUndefined();
});

test('what is deleted is named by its tuple, zone and ID', () => {
  const entry = from(container);
  if (entry === undefined) throw new Error('no entry');
  const request = deleteEntry(entry);
  expect(request.type).toBe(0x0102); // IPCTNL_MSG_CT_DELETE
  expect(hex(request.body)).toBe(
    hex(
      concat([
        bytes('02000000'),
        nested(1, original),
        attribute(18, bytes('0005')),
        attribute(12, bytes('01020304')),
      ]),
    ),
  );
});

test('nothing is deleted without a tuple, which would delete everything', () => {
  const nobody = { family: 2, tuple: new Uint8Array(), id: bytes('01020304'), zone: undefined };
  expect(() => deleteEntry(nobody)).toThrow(RangeError);
  const half = concat([
    bytes('02000000'),
    nested(2, addresses(container, outside)),
    attribute(12, bytes('01020304')),
  ]);
  expect(decodeEntryFrom({ body: half }, () => true)).toBeUndefined();
});

test('the number of entries', () => {
  expect(getEntryCount()).toMatchObject({ type: 0x0105, isQuery: true }); // IPCTNL_MSG_CT_GET_STATS
});
