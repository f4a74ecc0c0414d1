import { attribute, attributeList, attributes, nested } from '../attribute.ts';
import { be32, text } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import type { Message } from '../message.ts';
import { verdict } from './expression.ts';
import { createNew, nftMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** The type numbers that the nft command prints keys by. */
export const keyType = { ipv4_addr: 7, ipv6_addr: 8 } as const;

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
    [
      attribute(1, text(table.name)),
      attribute(2, text(name)),
      attribute(3, be32(mapFlag)),
      attribute(4, be32(type)),
      attribute(5, be32(keyLength)),
      attribute(6, be32(verdictType)),
      attribute(7, be32(0)),
      attribute(10, be32(id)),
    ],
    'create nftables map',
    `${table.name} ${name}`,
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
  element: Uint8Array[] | undefined,
  verb: string,
): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(map))];
  if (element !== undefined) attrs.push(nested(3, nested(1, ...element)));
  return nftMessage(type, flags, table, attrs, `${verb} nftables map`, `${table.name} ${map}`);
}

/** NFTA_SET_ELEM_KEY */
function keyAttribute(key: Uint8Array): Uint8Array {
  return nested(1, attribute(1, key));
}

/** The operation that a refused {@link newElement} carries. */
export const newElementOperation = 'add element to nftables map';

/** Adds an element whose verdict is `goto chain`; EEXIST where the key is taken. */
export function newElement(table: Table, map: string, gotoCode: number, element: Element): NetlinkRequest {
  return elementMessage(
    nftType.newsetelem,
    createNew,
    table,
    map,
    [
      keyAttribute(element.key),
      nested(2, verdict(gotoCode, element.chain)),
      attribute(6, commentUserdata(element.comment)),
    ],
    'add element to',
  );
}

/** Asks for one element by its key; ENOENT where there is none. */
export function getElement(table: Table, map: string, key: Uint8Array): NetlinkRequest {
  return elementMessage(nftType.getsetelem, 0, table, map, [keyAttribute(key)], 'get element of');
}

/** Asks for every element, to be dumped. */
export function listElements(table: Table, map: string): NetlinkRequest {
  return elementMessage(nftType.getsetelem, 0, table, map, undefined, 'list elements of');
}

/** Deletes an element by its key. */
export function deleteElement(table: Table, map: string, key: Uint8Array): NetlinkRequest {
  return elementMessage(nftType.delsetelem, 0, table, map, [keyAttribute(key)], 'delete element of');
}

/** Reads the elements of an NFT_MSG_NEWSETELEM message. */
export function decodeElements({ body }: Pick<Message, 'body'>): Element[] {
  const list = attributes(body.subarray(4)).get(3);
  if (list === undefined) return [];
  const elements: Element[] = [];
  for (const [, bytes] of attributeList(list)) {
    const element = attributes(bytes);
    const key = element.nested(1).get(1);
    if (key === undefined) continue;
    elements.push({
      key: key.slice(),
      chain: element.nested(2).nested(2).text(2),
      comment: readComment(element.get(6)),
    });
  }
  return elements;
}
