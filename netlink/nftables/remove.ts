import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { commit, generationOf, getGeneration } from './message.ts';
import { retry } from './transaction.ts';

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

/**
 * Removes what `look` finds, and looks again until nothing is left to do: of several removals at once, each leaves
 * what they share to the others, and the last takes it away.
 * @throws NetlinkError
 */
export function remove(connection: Connection, look: () => Removal): void {
  retry((isLast) => {
    const [generationReply] = connection.exchange([getGeneration()]);
    const { own, whole } = look();
    if (own.length === 0 && whole === undefined) return true;
    try {
      if (whole !== undefined) commit(connection, whole, generationOf(generationReply));
      else commit(connection, own);
      // Others may have left what they share with us while we removed our own.
      return whole !== undefined;
    } catch (error) {
      if (!isErrno(error, 'ERESTART', 'ENOENT', 'EBUSY')) throw error;
      // The ruleset never rests: what is ours alone goes at least.
      if (isLast && own.length > 0) commit(connection, own);
      return false;
    }
  });
}
