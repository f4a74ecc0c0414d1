import type { Connection, NetlinkRequest } from '../connection.ts';
import { commit } from './message.ts';

/** How often a transaction is tried before the ruleset counts as one that never rests. */
const attempts = 20;

/**
 * Tries until all is done, for other programs change the ruleset too. It returns after the last try, whatever that one
 * said: what stands against it is for `attempt` to throw.
 * @param attempt returns whether all is done; is told of the last try
 */
export function retry(attempt: (isLast: boolean) => boolean): void {
  for (let count = 1; count <= attempts; count++) if (attempt(count === attempts)) return;
}

/**
 * Commits the messages that `look` makes of the ruleset as it is, and looks again where the kernel refuses them because
 * the ruleset has changed since.
 * @param isStale told a refusal: whether to look again; may throw an error of its own instead
 * @throws NetlinkError, whatever `look` and `isStale` throw
 */
export function commitFresh(
  connection: Connection,
  look: () => readonly NetlinkRequest[],
  isStale: (error: unknown) => boolean,
): void {
  retry((isLast) => {
    const messages = look();
    try {
      commit(connection, messages);
      return true;
    } catch (error) {
      if (!isStale(error) || isLast) throw error;
      return false;
    }
  });
}
