import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { commit, generationOf, getGeneration } from './message.ts';
import { commitFresh, retry } from './transaction.ts';

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

/** The refusals of a transaction for a ruleset that has changed since it was looked at. */
const changed = ['ERESTART', 'ENOENT', 'EBUSY'];

/**
 * Removes what `look` finds, and looks again until nothing is left to do: of several removals at once, each leaves
 * what they share to the others, and the last takes it away.
 * @throws NetlinkError
 */
export function remove(connection: Connection, look: () => Removal): void {
  let isDone = false;
  retry(() => {
    const [generationReply] = connection.exchange([getGeneration()]);
    const { own, whole } = look();
    isDone = own.length === 0 && whole === undefined;
    if (isDone) return true;
    try {
      if (whole !== undefined) commit(connection, whole, generationOf(generationReply));
      else commit(connection, own);
      // Others may have left what they share with us while we removed our own.
      isDone = whole !== undefined;
    } catch (error) {
      if (!isErrno(error, ...changed)) throw error;
    }
    return isDone;
  });
  // The ruleset never rests: what is ours alone goes at least.
  if (!isDone) removeOwn(connection, look);
}

function removeOwn(connection: Connection, look: () => Removal): void {
  commitFresh(
    connection,
    () => look().own,
    (error) => isErrno(error, ...changed),
  );
}
