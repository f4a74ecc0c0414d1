import { attribute, nested } from '../attribute.ts';
import { be32, concat, text } from '../bytes.ts';
import type { NetlinkRequest } from '../connection.ts';
import { flag } from '../message.ts';
import type { Expression } from './expression.ts';
import { create, createNew, nftMessage, nftType, type Table } from './message.ts';

/** Where a base chain is hooked: NF_INET_*, its type, and its priority (lower runs first). */
export interface Hook {
  readonly type: 'nat' | 'filter';
  readonly number: number;
  readonly priority: number;
}

/** NF_INET_* (and NF_BR_*, alike), linux/netfilter.h */
export const hookNumber = { prerouting: 0, postrouting: 4 } as const;

/** Makes a chain; EEXIST where it is there, unless `mayExist`. */
export function newChain(table: Table, name: string, hook?: Hook, mayExist = false): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(3, text(name))];
  if (hook !== undefined) {
    attrs.push(
      nested(4, attribute(1, be32(hook.number)), attribute(2, be32(hook.priority >>> 0))),
      attribute(7, text(hook.type)),
    );
  }
  return nftMessage(
    nftType.newchain,
    mayExist ? create : createNew,
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

/** Appends a rule. */
export function newRule(
  table: Table,
  chain: string,
  expressions: Expression[],
  userdata?: Uint8Array,
): NetlinkRequest {
  return nftMessage(
    nftType.newrule,
    create | flag.append,
    table,
    [
      attribute(1, text(table.name)),
      attribute(2, text(chain)),
      nested(4, concat(expressions)),
      ...(userdata === undefined ? [] : [attribute(7, userdata)]),
    ],
    'add nftables rule to',
    `${table.name} ${chain}`,
  );
}

/** Asks for the rules of a chain, to be dumped. */
export function listRules(table: Table, chain: string): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(chain))];
  return nftMessage(nftType.getrule, 0, table, attrs, 'list nftables rules of', `${table.name} ${chain}`);
}

/** Deletes a rule by its handle, as the kernel gave it. */
export function deleteRule(table: Table, chain: string, handle: Uint8Array): NetlinkRequest {
  const attrs = [attribute(1, text(table.name)), attribute(2, text(chain)), attribute(3, handle)];
  return nftMessage(nftType.delrule, 0, table, attrs, 'delete nftables rule from', `${table.name} ${chain}`);
}
