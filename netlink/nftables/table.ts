import type { NetlinkRequest, Reply } from '../connection.ts';
import { NLM_F_CREATE } from '../linux/netlink.ts';
import {
  NFT_MSG_DELTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
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

/** Makes a table; nothing where it is there. */
export function newTable(table: Table, comment?: string): NetlinkRequest {
  const verb = { type: NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, operation: 'create nftables table' };
  return tableMessage(verb, table, comment);
}

/** Asks for a table: {@link tableOf}. It fails with ENOENT where there is none. */
export function getTable(table: Table): NetlinkRequest {
  return tableMessage({ type: NFT_MSG_GETTABLE, operation: 'get nftables table' }, table);
}

/** Deletes a table and all in it. */
export function deleteTable(table: Table): NetlinkRequest {
  return tableMessage({ type: NFT_MSG_DELTABLE, operation: 'delete nftables table' }, table);
}

/** How many chains, sets and other objects a table has; and its comment. */
export interface TableUse {
  readonly use: number;
  /** Empty where there is none. */
  readonly comment: string;
}

/** The table that a reply to {@link getTable} brought; undefined where there is none. */
export function tableOf(reply: Reply | undefined): TableUse | undefined {
  const message = reply?.messages[0];
  if (message === undefined) return undefined;
  const table = attributesOf(message.body);
  return { use: table.get(NFTA_TABLE_USE), comment: table.get(NFTA_TABLE_USERDATA) };
}
