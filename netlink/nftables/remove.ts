import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { commit, generationOf, getGeneration } from './message.ts';

/** What is to go from the ruleset, as it was found there. */
export interface Removal {
  /** What goes whatever others do meanwhile. */
  readonly own: readonly NetlinkRequest[];
  /**
   * The same with the chains and tables that it leaves unused, where it does: they go only if nobody has begun to
   * use them since they were looked at.
   */
  readonly whole?: readonly NetlinkRequest[] | undefined;
}

/** How often a transaction is tried again after another one came between. */
const attempts = 20;

/**
 * Removes what `look` finds, and looks again until nothing is left to do: of several removals at once, each leaves
 * what they share to the others, and the last takes it away.
 * @throws NetlinkError
 */
export function remove(connection: Connection, look: () => Removal): void {
  for (let attempt = 1; ; attempt++) {
    const [generationReply] = connection.exchange([getGeneration()]);
    const { own, whole } = look();
    if (own.length === 0 && whole === undefined) return;
    try {
      if (whole === undefined) {
        commit(connection, own);
        if (attempt === attempts) return;
      } else {
        commit(connection, whole, generationOf(generationReply));
        return;
      }
    } catch (error) {
      if (!isErrno(error, 'ERESTART', 'ENOENT', 'EBUSY')) throw error;
      if (attempt < attempts) continue;
      // The ruleset never rests: what is ours alone goes at least.
      if (own.length > 0) commit(connection, own);
      return;
    }
  }
}
