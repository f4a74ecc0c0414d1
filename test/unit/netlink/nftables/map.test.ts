import { NetlinkError } from '../../../../netlink/error.ts';
import {
  decodeElements,
  isTaken,
  keyType,
  newElement,
  newVerdictMap,
} from '../../../../netlink/nftables/map.ts';
import { nfproto } from '../../../../netlink/nftables/message.ts';
import { hex } from '../../../support/netlink.ts';

const map = { table: { family: nfproto.inet, name: 'lab' }, name: 'm' };
const element = { key: Uint8Array.of(10, 15, 20, 2), chain: 'c', comment: 'ab' };

test('a map from IPv4 addresses to verdicts', () => {
  const { type, flags, body, operation, object } = newVerdictMap(map, keyType.ipv4_addr, 1);
  expect([type, flags]).toEqual([0x0a09, 0x600]); // NFT_MSG_NEWSET; NLM_F_CREATE, NLM_F_EXCL
  expect(hex(body)).toBe(
    '01000000' + // struct nfgenmsg: NFPROTO_INET
      '08000100' +
      '6c616200' + // NFTA_SET_TABLE
      '06000200' +
      '6d000000' + // NFTA_SET_NAME
      '08000300' +
      '00000008' + // NFTA_SET_FLAGS: NFT_SET_MAP
      '08000400' +
      '00000007' + // NFTA_SET_KEY_TYPE
      '08000500' +
      '00000004' + // NFTA_SET_KEY_LEN
      '08000600' +
      'ffffff00' + // NFTA_SET_DATA_TYPE: NFT_DATA_VERDICT
      '08000700' +
      '00000000' + // NFTA_SET_DATA_LEN
      '08000a00' +
      '00000001', // NFTA_SET_ID
  );
  expect(`${operation} ${object}`).toBe('create nftables map lab m');
});

test('a map from names of links: the nft command has to know their byte order; no comment is none', () => {
  expect(hex(newVerdictMap(map, keyType.ifname, 1).body)).toContain(
    '08000400' +
      '00000029' + // NFTA_SET_KEY_TYPE
      '08000500' +
      '00000010', // NFTA_SET_KEY_LEN
  );
  expect(hex(newVerdictMap(map, keyType.ifname, 1).body).slice(-24)).toBe(
    '0a000d00' + // NFTA_SET_USERDATA
      '0004010000000000', // NFTNL_UDATA_SET_KEYBYTEORDER, 4 bytes: BYTEORDER_HOST_ENDIAN
  );
  const { body } = newElement(map, { ...element, comment: '' });
  expect(hex(body).endsWith('0600020063000000')).toBe(true); // NFTA_VERDICT_CHAIN
  expect(decodeElements({ body })).toEqual([{ ...element, comment: '' }]);
});

test('an element leads to a chain, and is read as it was written', () => {
  const { type, body } = newElement(map, element);
  expect(type).toBe(0x0a0c); // NFT_MSG_NEWSETELEM
  expect(hex(body)).toBe(
    '01000000' + // struct nfgenmsg: NFPROTO_INET
      '08000100' +
      '6c616200' + // NFTA_SET_ELEM_LIST_TABLE
      '06000200' +
      '6d000000' + // NFTA_SET_ELEM_LIST_SET
      '38000380' + // NFTA_SET_ELEM_LIST_ELEMENTS
      '34000180' + // NFTA_LIST_ELEM
      '0c000180' + // NFTA_SET_ELEM_KEY
      '08000100' +
      '0a0f1402' + // NFTA_DATA_VALUE
      '18000280' + // NFTA_SET_ELEM_DATA
      '14000280' + // NFTA_DATA_VERDICT
      '08000100' +
      'fffffffc' + // NFTA_VERDICT_CODE: NFT_GOTO
      '06000200' +
      '63000000' + // NFTA_VERDICT_CHAIN
      '09000600' +
      '0003616200000000', // NFTA_SET_ELEM_USERDATA: the comment
  );
  expect(decodeElements({ body })).toEqual([element]);
  expect(decodeElements({ body }, (comment) => comment !== 'ab')).toEqual([]);
});

test('a key is taken where its element was refused, not where something else is there already', () => {
  const [EEXIST, EPERM] = [17, 1];
  expect(isTaken(new NetlinkError(newElement(map, element), EEXIST))).toBe(true);
  expect(isTaken(new NetlinkError(newElement(map, element), EPERM))).toBe(false);
  expect(isTaken(new NetlinkError(newVerdictMap(map, keyType.ipv4_addr, 1), EEXIST))).toBe(false);
});
