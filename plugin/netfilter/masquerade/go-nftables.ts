import type { Connection } from '../../../netlink/connection.ts';
import { nfproto, type Table } from '../../../netlink/nftables/message.ts';
import { remove } from '../../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, listRules } from '../../../netlink/nftables/rule.ts';

/** Where the Go plugin masquerades with nftables. It writes the base chain anew at each ADD, and leaves it there. */
export const referenceTable: Table = { family: nfproto.inet, name: 'cni_plugins_masquerade' };
const chain = 'masq_checks';

/**
 * Removes rules that the Go plugin made. Table and chains are left as it leaves them itself.
 * @param isStale told the comment of each
 * @throws NetlinkError
 */
export function removeReferenceRules(connection: Connection, isStale: (comment: string) => boolean): void {
  remove(connection, () => ({
    own: connection
      .dump(listRules({ table: referenceTable, name: chain }))
      .map(decodeRule)
      .filter(({ comment }) => isStale(comment))
      .map((rule) => deleteRule(referenceTable, rule)),
  }));
}
