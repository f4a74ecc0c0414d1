import type { Connection, NetlinkRequest } from '../connection.ts';
import { commit } from './message.ts';

/** How often to try a transaction on a ruleset that keeps changing. */
const attempts = 20;

/**
 * Tries until everything is done, since other programs change the ruleset too. Returns after the last try, whatever its
 * outcome: `attempt` throws if that is an error.
 * @param attempt returns whether everything is done; gets whether this is the last try
 */
export function retry(attempt: (isLast: boolean) => boolean): void {
  for (let count = 1; count <= attempts; count++) if (attempt(count === attempts)) return;
}

/**
 * Commits the messages that `look` makes for the current ruleset, and looks again if the kernel refuses them because
 * the ruleset has changed since.
 * @param isStale whether to look again after this refusal; may throw another error instead
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
