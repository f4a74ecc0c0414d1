import type { Connection } from '../../../netlink/connection.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { remove } from '../../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, listRules } from '../../../netlink/nftables/rule.ts';
import { goPrefixLength } from './go-names.ts';

/** The Go plugin's table. It rewrites the base chain at each ADD, and never removes it. */
export const goTable: Table = { family: nfproto.inet, name: 'cni_plugins_masquerade' };
const chain = { table: goTable, name: 'masq_checks' };

/**
 * Whom the Go plugin masquerades: the prefix of each rule's comment, as `goPrefix` has it for an attachment.
 * @throws NetlinkError
 */
export function listGoPrefixes(connection: Connection): Set<string> {
  const comments = connection.dump(listRules(chain)).map((message) => decodeRule(message).comment);
  return new Set(comments.map((comment) => comment.slice(0, goPrefixLength)));
}

/**
 * Removes rules that the Go plugin made. Table and chains stay, as the Go plugin leaves them.
 * @param isStale gets each rule's comment
 * @throws NetlinkError
 */
export function removeGoRules(connection: Connection, isStale: (comment: string) => boolean): void {
  remove(connection, () => ({
    own: connection
      .dump(listRules(chain))
      .map(decodeRule)
      .filter(({ comment }) => isStale(comment))
      .map((rule) => deleteRule(goTable, rule)),
  }));
}
