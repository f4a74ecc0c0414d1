import type { Connection } from '../../../netlink/connection.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { remove } from '../../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, listRules } from '../../../netlink/nftables/rule.ts';

/** The Go plugin's table. It rewrites the base chain at each ADD, and never removes it. */
export const goTable: Table = { family: nfproto.inet, name: 'cni_plugins_masquerade' };
const chain = { table: goTable, name: 'masq_checks' };

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
