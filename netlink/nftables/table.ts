import { attributes } from '../attribute.ts';
import type { NetlinkRequest, Reply } from '../connection.ts';
import { create, nftMessage, nftType, type Table } from './message.ts';
import { commentUserdata, readComment } from './userdata.ts';

/** NFTA_TABLE_*, linux/netfilter/nf_tables.h */
const nfta = { name: 1, use: 3, userdata: 6 } as const;

/** Makes a table, should it not be there. */
export function newTable(table: Table, comment?: string): NetlinkRequest {
  return nftMessage(nftType.newtable, create, table, ['create nftables table', table.name], (body) => {
    body.text(nfta.name, table.name);
    if (comment !== undefined) body.bytes(nfta.userdata, commentUserdata(comment));
  });
}

/** Asks for a table. */
export function getTable(table: Table): NetlinkRequest {
  return nftMessage(nftType.gettable, 0, table, ['get nftables table', table.name], (body) =>
    body.text(nfta.name, table.name),
  );
}

/** Deletes a table and all in it. */
export function deleteTable(table: Table): NetlinkRequest {
  return nftMessage(nftType.deltable, 0, table, ['delete nftables table', table.name], (body) =>
    body.text(nfta.name, table.name),
  );
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
