import type { NetlinkRequest } from '../../../../../netlink/connection.ts';
import { paddedName } from '../../../../../netlink/nftables/expression.ts';
import {
  ledgerOf,
  linkMessages,
  linkOfLedger,
  refillMessages,
  strictMessages,
  tableMessages,
} from '../../../../../plugin/netfilter/isolation/table.ts';
import { hex } from '../../../../support/netlink.ts';

const words = (messages: readonly NetlinkRequest[]): string[] =>
  messages.map(({ operation, object }) => `${operation} ${object}`.replaceAll(/nftables |cni-isolate /g, ''));

test('the table, and what a link adds to it', () => {
  expect(words(tableMessages())).toEqual([
    'create table cni-isolate',
    'create chain forward',
    'create chain refused',
    'create map ports',
    'create map links',
    'create map isolated',
    'create map strict',
    'add rule to forward',
    'add rule to forward',
    'add rule to refused',
  ]);
  const link = [
    'create chain ports-br0',
    'create chain from-br0',
    'add rule to from-br0',
    'add rule to from-br0',
    'add element to map links',
    'add element to map isolated',
  ];
  const strict = ['add rule to from-br0', 'add element to map strict'];
  expect(words(linkMessages('br0', false))).toEqual(link);
  expect(words(strictMessages('br0'))).toEqual(strict);
  expect(words(linkMessages('br0', true))).toEqual([...link, ...strict]);
});

test('a table that was flushed gets each rule again', () => {
  const links = [
    { name: 'a', isStrict: false },
    { name: 'b', isStrict: true },
  ];
  expect(words(refillMessages(links)).filter((one) => one.startsWith('add'))).toEqual([
    ...Array<string>(2).fill('add rule to forward'),
    'add rule to refused',
    ...Array<string>(2).fill('add rule to from-a'),
    ...Array<string>(3).fill('add rule to from-b'),
  ]);
});

test('names are padded to IFNAMSIZ, and a ledger says its link', () => {
  expect(hex(paddedName('abcdefghijklmno'))).toBe(`${Buffer.from('abcdefghijklmno').toString('hex')}00`);
  expect(linkOfLedger(ledgerOf('br0').name)).toBe('br0');
  expect(linkOfLedger('from-br0')).toBeUndefined();
});
