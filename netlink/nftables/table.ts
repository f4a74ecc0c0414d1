import { attributes } from '../attribute.ts';
import type { NetlinkRequest, Reply } from '../connection.ts';
import { create, nftMessage, nftType, type Table, type Verb } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** NFTA_TABLE_*, linux/netfilter/nf_tables.h */
const nfta = { name: 1, use: 3, userdata: 6 } as const;

function tableMessage(verb: Verb, table: Table): NetlinkRequest {
  return nftMessage(verb, table.family, table.name, (body) => body.text(nfta.name, table.name));
}

/** Makes a table, should it not be there. */
export function newTable(table: Table, comment?: string): NetlinkRequest {
  const verb = { type: nftType.newtable, flags: create, operation: 'create nftables table' };
  return nftMessage(verb, table.family, table.name, (body) => {
    body.text(nfta.name, table.name);
    if (comment !== undefined) body.bytes(nfta.userdata, commentUserdata(comment));
  });
}

/** Asks for a table. */
export function getTable(table: Table): NetlinkRequest {
  return tableMessage({ type: nftType.gettable, operation: 'get nftables table' }, table);
}

/** Deletes a table and all in it. */
export function deleteTable(table: Table): NetlinkRequest {
  return tableMessage({ type: nftType.deltable, operation: 'delete nftables table' }, table);
}

/** How many chains, sets and other objects a table has; and its comment. */
export interface TableUse {
  readonly use: number;
  readonly comment: string;
}

/** The table that a reply to {@link getTable} brought; undefined where there is none. */
export function tableOf(reply: Reply | undefined): TableUse | undefined {
  const message = reply?.messages[0];
  if (message === undefined) return undefined;
  const table = attributes(message.body.subarray(4));
  return { use: table.be32(nfta.use), comment: readComment(table.get(nfta.userdata)) };
}
