import { attributeList, attributes } from '../attribute.ts';
import type { NetlinkRequest } from '../connection.ts';
import { isErrno, NetlinkError } from '../error.ts';
import type { Message } from '../message.ts';
import type { MessageBody } from '../message-body.ts';
import { verdictCode } from './expression.ts';
import { createNew, messageType, type Named, namedMessage, nftType, type Verb } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** What keys are: the type number that the nft command prints them by, and their length in bytes. */
export const keyType = {
  ipv4_addr: { number: 7, length: 4 },
  ipv6_addr: { number: 8, length: 16 },
} as const;

/** A map from keys to verdicts, whether it is there or not. */
export type VerdictMap = Named;

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

/** Makes a map. `id` names it within the transaction. */
export function newVerdictMap(
  map: VerdictMap,
  key: (typeof keyType)[keyof typeof keyType],
  id: number,
): NetlinkRequest {
  const verb = { type: nftType.newset, flags: createNew, operation: 'create nftables map' };
  return namedMessage(verb, nftaSet, map, (body) => {
    body.be32(nftaSet.flags, mapFlag);
    body.be32(nftaSet.keyType, key.number).be32(nftaSet.keyLength, key.length);
    body.be32(nftaSet.dataType, verdictType).be32(nftaSet.dataLength, 0).be32(nftaSet.id, id);
  });
}

/** An element of a verdict map: key, the chain it goes to, and the comment beside it. */
export interface Element {
  readonly key: Uint8Array;
  readonly chain: string;
  readonly comment: string;
}

const where = { table: nftaList.table, name: nftaList.set } as const;

/** A message about one element. */
function elementMessage(verb: Verb, map: VerdictMap, put: (body: MessageBody) => unknown): NetlinkRequest {
  return namedMessage(verb, where, map, (body) => {
    body.nested(nftaList.elements, () => body.nested(listElement, () => put(body)));
  });
}

function putKey(body: MessageBody, key: Uint8Array): void {
  body.nested(nftaElement.key, () => body.bytes(dataValue, key));
}

/** Adds an element whose verdict is `goto chain`; EEXIST where the key is taken: {@link isTaken}. */
export function newElement(map: VerdictMap, { key, chain, comment }: Element): NetlinkRequest {
  const verb = { type: nftType.newsetelem, flags: createNew, operation: 'add element to nftables map' };
  return elementMessage(verb, map, (body) => {
    putKey(body, key);
    body.nested(nftaElement.data, () =>
      body.nested(dataVerdict, () =>
        body.be32(nftaVerdict.code, verdictCode.goto).text(nftaVerdict.chain, chain),
      ),
    );
    body.bytes(nftaElement.userdata, commentUserdata(comment));
  });
}

const newElementType = messageType(nftType.newsetelem);

/** Whether a transaction was refused because the key of a {@link newElement} in it is taken. */
export function isTaken(error: unknown): boolean {
  return isErrno(error, 'EEXIST') && error instanceof NetlinkError && error.request.type === newElementType;
}

/** Asks for one element by its key; ENOENT where there is none. */
export function getElement(map: VerdictMap, key: Uint8Array): NetlinkRequest {
  const verb = { type: nftType.getsetelem, operation: 'get element of nftables map' };
  return elementMessage(verb, map, (body) => putKey(body, key));
}

/** Asks for every element, to be dumped. */
export function listElements(map: VerdictMap): NetlinkRequest {
  return namedMessage({ type: nftType.getsetelem, operation: 'list elements of nftables map' }, where, map);
}

/** Deletes an element by its key. */
export function deleteElement(map: VerdictMap, key: Uint8Array): NetlinkRequest {
  const verb = { type: nftType.delsetelem, operation: 'delete element of nftables map' };
  return elementMessage(verb, map, (body) => putKey(body, key));
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
