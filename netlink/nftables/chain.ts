import { attribute, attributes, nested } from '../attribute.ts';
import { be32, text } from '../bytes.ts';
import type { NetlinkRequest, Reply } from '../connection.ts';
import type { Message } from '../message.ts';
import { verdictCode } from './expression.ts';
import { createNew, nftMessage, nftType, type Table } from './message.ts';

/** Where a base chain is hooked: NF_INET_*, its type, and its priority (lower runs first). */
export interface Hook {
  readonly type: 'nat' | 'filter';
  readonly number: number;
  readonly priority: number;
}

/** NF_INET_* (and NF_BR_*, alike), linux/netfilter.h */
export const hookNumber = { prerouting: 0, postrouting: 4 } as const;

/** Makes a chain; EEXIST where it is there. */
export function newChain(table: Table, name: string, hook?: Hook): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(3, text(name))];
  if (hook !== undefined) {
    attrs.push(
      nested(4, attribute(1, be32(hook.number)), attribute(2, be32(hook.priority >>> 0))),
      attribute(7, text(hook.type)),
    );
  }
  return nftMessage(
    nftType.newchain,
    createNew,
    table,
    attrs,
    'create nftables chain',
    `${table.name} ${name}`,
  );
}

/** Asks for a chain. */
export function getChain(table: Table, name: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(3, text(name))];
  return nftMessage(nftType.getchain, 0, table, attrs, 'get nftables chain', `${table.name} ${name}`);
}

/** Deletes a chain; EBUSY where something still leads to it. */
export function deleteChain(table: Table, name: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(3, text(name))];
  return nftMessage(nftType.delchain, 0, table, attrs, 'delete nftables chain', `${table.name} ${name}`);
}

/** Asks for every chain of the table's family, to be dumped. */
export function listChains(table: Table): NetlinkRequest {
  return nftMessage(nftType.getchain, 0, table, [], 'list nftables chains of family', String(table.family));
}

/** What of a chain tells whether it is in use. */
export interface Chain {
  readonly table: string;
  readonly name: string;
  /** The rules that are in it, and what leads to it. */
  readonly use: number;
  /** Whether what no rule decides on goes on its way; so it does where the chain is no base chain. */
  readonly accepts: boolean;
}

/** Reads an NFT_MSG_NEWCHAIN message. */
export function decodeChain({ body }: Pick<Message, 'body'>): Chain {
  const chain = attributes(body.subarray(4));
  return {
    table: chain.text(1),
    name: chain.text(3),
    use: chain.be32(6),
    accepts: !chain.has(5) || chain.be32(5) === verdictCode.accept,
  };
}

/** The chain that a reply to {@link getChain} brought; undefined where there is none. */
export function chainOf(reply: Reply | undefined): Chain | undefined {
  return reply?.messages.map(decodeChain)[0];
}
