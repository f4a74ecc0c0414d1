import { attribute, attributes } from '../attribute.ts';
import { text } from '../bytes.ts';
import type { NetlinkRequest, Reply } from '../connection.ts';
import { create, nftMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** Makes a table, should it not be there. */
export function newTable(table: Table, comment?: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name))];
  if (comment !== undefined) attrs.push(attribute(6, commentUserdata(comment)));
  return nftMessage(nftType.newtable, create, table, attrs, 'create nftables table', table.name);
}

/** Asks for a table. */
export function getTable(table: Table): NetlinkRequest {
  const attrs = [attribute(1, text(table.name))];
  return nftMessage(nftType.gettable, 0, table, attrs, 'get nftables table', table.name);
}

/** Deletes a table and all in it. */
export function deleteTable(table: Table): NetlinkRequest {
  const attrs = [attribute(1, text(table.name))];
  return nftMessage(nftType.deltable, 0, table, attrs, 'delete nftables table', table.name);
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
  return { use: table.be32(3), comment: readComment(table.get(6)) };
}
