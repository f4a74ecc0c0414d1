import { attributeList, attributes } from '../attribute.ts';
import type { NetlinkRequest } from '../connection.ts';
import type { Message } from '../message.ts';
import type { MessageBody } from '../message-body.ts';
import { createNew, nftMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** The type numbers that the nft command prints keys by. */
export const keyType = { ipv4_addr: 7, ipv6_addr: 8 } as const;

/** NFTA_SET_*, linux/netfilter/nf_tables.h */
const nftaSet = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  id: 10,
} as const;
/** NFTA_SET_ELEM_LIST_*, and NFTA_LIST_ELEM in it */
const nftaList = { table: 1, set: 2, elements: 3 } as const;
const listElement = 1;
/** NFTA_SET_ELEM_* */
const nftaElement = { key: 1, data: 2, userdata: 6 } as const;
/** NFTA_DATA_*, NFTA_VERDICT_* */
const [dataValue, dataVerdict] = [1, 2];
const nftaVerdict = { code: 1, chain: 2 } as const;

/** NFT_SET_MAP; NFT_DATA_VERDICT. */
const mapFlag = 0x8;
const verdictType = 0xffffff00;

/** Makes a map from keys of `keyLength` bytes to verdicts. `id` names it within the transaction. */
export function newVerdictMap(
  table: Table,
  name: string,
  type: number,
  keyLength: number,
  id: number,
): NetlinkRequest {
  return nftMessage(
    nftType.newset,
    createNew,
    table,
    ['create nftables map', `${table.name} ${name}`],
    (body) => {
      body.text(nftaSet.table, table.name).text(nftaSet.name, name).be32(nftaSet.flags, mapFlag);
      body.be32(nftaSet.keyType, type).be32(nftaSet.keyLength, keyLength);
      body.be32(nftaSet.dataType, verdictType).be32(nftaSet.dataLength, 0).be32(nftaSet.id, id);
    },
  );
}

/** An element of a verdict map: key, the chain it goes to, and the comment beside it. */
export interface Element {
  readonly key: Uint8Array;
  readonly chain: string;
  readonly comment: string;
}

function elementMessage(
  type: number,
  flags: number,
  table: Table,
  map: string,
  verb: string,
  put?: (body: MessageBody) => unknown,
): NetlinkRequest {
  const words = [`${verb} nftables map`, `${table.name} ${map}`] as const;
  return nftMessage(type, flags, table, words, (body) => {
    body.text(nftaList.table, table.name).text(nftaList.set, map);
    if (put !== undefined) body.nested(nftaList.elements, () => body.nested(listElement, () => put(body)));
  });
}

function putKey(body: MessageBody, key: Uint8Array): void {
  body.nested(nftaElement.key, () => body.bytes(dataValue, key));
}

/** The operation that a refused {@link newElement} carries. */
export const newElementOperation = 'add element to nftables map';

/** Adds an element whose verdict is `goto chain`; EEXIST where the key is taken. */
export function newElement(table: Table, map: string, gotoCode: number, element: Element): NetlinkRequest {
  const { key, chain, comment } = element;
  return elementMessage(nftType.newsetelem, createNew, table, map, 'add element to', (body) => {
    putKey(body, key);
    body.nested(nftaElement.data, () =>
      body.nested(dataVerdict, () => body.be32(nftaVerdict.code, gotoCode).text(nftaVerdict.chain, chain)),
    );
    body.bytes(nftaElement.userdata, commentUserdata(comment));
  });
}

/** Asks for one element by its key; ENOENT where there is none. */
export function getElement(table: Table, map: string, key: Uint8Array): NetlinkRequest {
  return elementMessage(nftType.getsetelem, 0, table, map, 'get element of', (body) => putKey(body, key));
}

/** Asks for every element, to be dumped. */
export function listElements(table: Table, map: string): NetlinkRequest {
  return elementMessage(nftType.getsetelem, 0, table, map, 'list elements of');
}

/** Deletes an element by its key. */
export function deleteElement(table: Table, map: string, key: Uint8Array): NetlinkRequest {
  return elementMessage(nftType.delsetelem, 0, table, map, 'delete element of', (body) => putKey(body, key));
}

/**
 * Reads the elements of an NFT_MSG_NEWSETELEM message.
 * @param isWanted told the comment of each; the others are passed over
 */
export function decodeElements(
  { body }: Pick<Message, 'body'>,
  isWanted: (comment: string) => boolean = () => true,
): Element[] {
  const list = attributes(body.subarray(4)).get(nftaList.elements);
  if (list === undefined) return [];
  const elements: Element[] = [];
  for (const [, bytes] of attributeList(list)) {
    const element = attributes(bytes);
    const comment = readComment(element.get(nftaElement.userdata));
    if (!isWanted(comment)) continue;
    const key = element.nested(nftaElement.key).get(dataValue);
    if (key === undefined) continue;
    const chain = element.nested(nftaElement.data).nested(dataVerdict).text(nftaVerdict.chain);
    elements.push({ key: key.slice(), chain, comment });
  }
  return elements;
}
