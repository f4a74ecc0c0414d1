import { Attributes } from '../attribute.ts';
import type { NetlinkRequest } from '../connection.ts';
import { isErrno, NetlinkError } from '../error.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import {
  NFT_DATA_VERDICT,
  NFT_GOTO,
  NFT_MSG_DELSETELEM,
  NFT_MSG_GETSETELEM,
  NFT_MSG_NEWSET,
  NFT_MSG_NEWSETELEM,
  NFT_SET_MAP,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_LIST_ELEM,
  NFTA_SET_DATA_LEN,
  NFTA_SET_DATA_TYPE,
  NFTA_SET_ELEM_DATA,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_LIST_ELEMENTS,
  NFTA_SET_ELEM_LIST_SET,
  NFTA_SET_ELEM_LIST_TABLE,
  NFTA_SET_ELEM_USERDATA,
  NFTA_SET_FLAGS,
  NFTA_SET_ID,
  NFTA_SET_KEY_LEN,
  NFTA_SET_KEY_TYPE,
  NFTA_SET_NAME,
  NFTA_SET_TABLE,
  NFTA_SET_USERDATA,
  NFTA_VERDICT_CHAIN,
} from '../linux/nf_tables.ts';
import type { Message } from '../message.ts';
import type { MessageBody } from '../message-body.ts';
import { putVerdict } from './expression.ts';
import { attributesOf, messageType, type Named, namedMessage, type Verb } from './message.ts';

/** A verdict map's description, whether it exists or not. */
export type VerdictMap = Named;

/**
 * The keys' type, as the nft command's number for it, and length in bytes. Without NFTNL_UDATA_SET_KEYBYTEORDER, 1 for
 * host byte order, the nft command prints names from their wrong end.
 */
export const keyType = {
  ipv4_addr: { number: 7, length: 4, userdata: undefined },
  ipv6_addr: { number: 8, length: 16, userdata: undefined },
  ifname: { number: 41, length: 16, userdata: Uint8Array.of(0, 4, 1, 0, 0, 0) },
} as const;

const createNew = NLM_F_CREATE | NLM_F_EXCL;

/** Creates a map. It fails with EEXIST if it exists. @param id names it within the transaction */
export function newVerdictMap(
  map: VerdictMap,
  key: (typeof keyType)[keyof typeof keyType],
  id: number,
): NetlinkRequest {
  const verb = { type: NFT_MSG_NEWSET, flags: createNew, operation: 'create nftables map' };
  return namedMessage(verb, { table: NFTA_SET_TABLE, name: NFTA_SET_NAME }, map, (body) =>
    body
      .put(NFTA_SET_FLAGS, NFT_SET_MAP)
      .put(NFTA_SET_KEY_TYPE, key.number)
      .put(NFTA_SET_KEY_LEN, key.length)
      .put(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT)
      .put(NFTA_SET_DATA_LEN, 0)
      .put(NFTA_SET_ID, id)
      .put(NFTA_SET_USERDATA, key.userdata),
  );
}

/** An element of a verdict map: its key, the chain that it leads to, and its comment. */
export interface Element {
  readonly key: Uint8Array;
  readonly chain: string;
  readonly comment: string;
}

const where = { table: NFTA_SET_ELEM_LIST_TABLE, name: NFTA_SET_ELEM_LIST_SET } as const;

/** A message about one element, found by its key. */
function elementMessage(
  verb: Verb,
  map: VerdictMap,
  key: Uint8Array,
  put: (body: MessageBody) => void = () => undefined,
): NetlinkRequest {
  return namedMessage(verb, where, map, (body) =>
    body.nested(NFTA_SET_ELEM_LIST_ELEMENTS, () =>
      body.nested(NFTA_LIST_ELEM, () => {
        put(body.nested(NFTA_SET_ELEM_KEY, () => body.put(NFTA_DATA_VALUE, key)));
      }),
    ),
  );
}

/**
 * Adds an element whose verdict is `goto chain`. It fails with EEXIST if the key is taken: {@link isTaken}.
 *
 *     NFTA_SET_ELEM_LIST_TABLE
 *     NFTA_SET_ELEM_LIST_SET
 *     NFTA_SET_ELEM_LIST_ELEMENTS
 *       NFTA_LIST_ELEM
 *         NFTA_SET_ELEM_KEY
 *           NFTA_DATA_VALUE
 *         NFTA_SET_ELEM_DATA
 *           NFTA_DATA_VERDICT
 *             NFTA_VERDICT_CODE       NFT_GOTO
 *             NFTA_VERDICT_CHAIN
 *         NFTA_SET_ELEM_USERDATA      the comment, if any
 */
export function newElement(map: VerdictMap, { key, chain, comment }: Element): NetlinkRequest {
  const verb = { type: NFT_MSG_NEWSETELEM, flags: createNew, operation: 'add element to nftables map' };
  return elementMessage(verb, map, key, (body) =>
    body
      .nested(NFTA_SET_ELEM_DATA, () => putVerdict(body, NFT_GOTO, chain))
      .put(NFTA_SET_ELEM_USERDATA, comment || undefined),
  );
}

const newElementType = messageType(NFT_MSG_NEWSETELEM);

/** Whether a transaction was refused because a {@link newElement}'s key is taken. */
export function isTaken(error: unknown): boolean {
  return isErrno(error, 'EEXIST') && error instanceof NetlinkError && error.request.type === newElementType;
}

/** Asks for one element by its key. It fails with ENOENT if there is none. */
export function getElement(map: VerdictMap, key: Uint8Array): NetlinkRequest {
  const verb = { type: NFT_MSG_GETSETELEM, operation: 'get element of nftables map' };
  return elementMessage(verb, map, key);
}

/** Dumps every element. */
export function listElements(map: VerdictMap): NetlinkRequest {
  const verb = { type: NFT_MSG_GETSETELEM, operation: 'list elements of nftables map' };
  return namedMessage(verb, where, map);
}

/** Deletes an element by its key. It fails with ENOENT if there is none. */
export function deleteElement(map: VerdictMap, key: Uint8Array): NetlinkRequest {
  const verb = { type: NFT_MSG_DELSETELEM, operation: 'delete element of nftables map' };
  return elementMessage(verb, map, key);
}

/**
 * Decodes the elements in an NFT_MSG_NEWSETELEM message.
 * @param isWanted gets each element's comment; unwanted ones are skipped
 */
export function decodeElements(
  { body }: Pick<Message, 'body'>,
  isWanted: (comment: string) => boolean = () => true,
): Element[] {
  const elements: Element[] = [];
  for (const [, bytes] of attributesOf(body).list(NFTA_SET_ELEM_LIST_ELEMENTS)) {
    const element = new Attributes(bytes);
    const comment = element.get(NFTA_SET_ELEM_USERDATA);
    if (!isWanted(comment)) continue;
    const key = element.nested(NFTA_SET_ELEM_KEY).get(NFTA_DATA_VALUE);
    if (key === undefined) continue;
    const verdict = element.nested(NFTA_SET_ELEM_DATA).nested(NFTA_DATA_VERDICT);
    elements.push({ key: key.slice(), chain: verdict.get(NFTA_VERDICT_CHAIN), comment });
  }
  return elements;
}
