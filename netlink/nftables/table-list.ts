import type { Connection } from '../connection.ts';
import { NFT_MSG_GETTABLE, NFTA_TABLE_NAME } from '../linux/nf_tables.ts';
import { nfgenmsg } from '../linux/nfnetlink.ts';
import { attributesOf, nftMessage, type Table } from './message.ts';

/**
 * Every table of a family.
 * @param family NFPROTO_*; NFPROTO_UNSPEC for all
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function listTables(connection: Connection, family: number): Table[] {
  const verb = { type: NFT_MSG_GETTABLE, operation: 'list nftables tables of family' };
  return connection.collect(nftMessage(verb, family, String(family)), ({ body }) => ({
    family: nfgenmsg.nfgen_family.get(body),
    name: attributesOf(body).get(NFTA_TABLE_NAME),
  }));
}
