import type { NetlinkRequest, Reply } from '../connection.ts';
import { NLM_F_CREATE } from '../linux/netlink.ts';
import {
  NFT_MSG_DELTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
  NFT_TABLE_F_OWNER,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_NAME,
  NFTA_TABLE_USE,
  NFTA_TABLE_USERDATA,
} from '../linux/nf_tables.ts';
import { attributesOf, nftMessage, type Table, type Verb } from './message.ts';

function tableMessage(verb: Verb, { family, name }: Table, comment?: string): NetlinkRequest {
  return nftMessage(verb, family, name, (body) => {
    body.put(NFTA_TABLE_NAME, name).put(NFTA_TABLE_USERDATA, comment);
  });
}

/** Creates a table, unless it exists. */
export function newTable(table: Table, comment?: string): NetlinkRequest {
  const verb = { type: NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, operation: 'create nftables table' };
  return tableMessage(verb, table, comment);
}

/** Asks for a table: {@link tableOf}. It fails with ENOENT if there is none. */
export function getTable(table: Table): NetlinkRequest {
  return tableMessage({ type: NFT_MSG_GETTABLE, operation: 'get nftables table' }, table);
}

/** Deletes a table and everything in it. */
export function deleteTable(table: Table): NetlinkRequest {
  return tableMessage({ type: NFT_MSG_DELTABLE, operation: 'delete nftables table' }, table);
}

/** The number of chains, sets and other objects in a table, and its comment. */
export interface TableUse {
  readonly use: number;
  /** Empty if there is none. */
  readonly comment: string;
}

/** The table in a reply to {@link getTable}; undefined if there is none. */
export function tableOf(reply: Reply | undefined): TableUse | undefined {
  const message = reply?.messages[0];
  if (message === undefined) return undefined;
  const table = attributesOf(message.body);
  return { use: table.get(NFTA_TABLE_USE), comment: table.get(NFTA_TABLE_USERDATA) };
}

/** Whether the table in a reply to {@link getTable} may be changed only by the process that made it. */
export function isOwned(reply: Reply | undefined): boolean {
  const message = reply?.messages[0];
  return (
    message !== undefined && (attributesOf(message.body).get(NFTA_TABLE_FLAGS) & NFT_TABLE_F_OWNER) !== 0
  );
}
