import type { Connection, NetlinkRequest } from '../connection.ts';
import { isErrno } from '../error.ts';
import { commit, generationOf, getGeneration } from './message.ts';
import { commitFresh, retry } from './transaction.ts';

/** What to remove from the ruleset, as found there. */
export interface Removal {
  /** What is removed whatever others do meanwhile. */
  readonly own: readonly NetlinkRequest[];
  /**
   * The same with the chains and tables that become unused, if any: these are removed only if nobody has begun to use
   * them meanwhile.
   */
  readonly whole?: readonly NetlinkRequest[] | undefined;
}

/** The errnos of a transaction refused because the ruleset has changed since it was read. */
const changed = ['ERESTART', 'ENOENT', 'EBUSY'];

/**
 * Removes what `look` finds, and looks again until there is nothing left: of several removals at once, each leaves
 * shared objects to the others, and the last removes them.
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
      // Others may have left shared objects to us in the meantime.
      isDone = whole !== undefined;
    } catch (error) {
      if (!isErrno(error, ...changed)) throw error;
    }
    return isDone;
  });
  // The ruleset keeps changing: at least what is ours alone is removed.
  if (!isDone) removeOwn(connection, look);
}

function removeOwn(connection: Connection, look: () => Removal): void {
  commitFresh(
    connection,
    () => look().own,
    (error) => isErrno(error, ...changed),
  );
}
