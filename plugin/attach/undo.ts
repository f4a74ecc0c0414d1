import type { Connection, NetlinkRequest } from '../../netlink/connection.ts';
import { fileErrorCode, isErrno, messageOf, NetlinkError } from '../../netlink/error.ts';

/** What has been done so far, and how to undo it. */
export class Undo {
  private readonly steps: { readonly what: string; readonly take: () => void }[] = [];

  /**
   * Registers how to undo what was just done.
   * @param what what the warning calls it if it can't be undone: `veth pair veth1a2b3c4d`
   */
  register(what: string, take: () => void): void {
    this.steps.push({ what, take });
  }

  /**
   * Does a step and registers how to undo it. A step that the kernel refused was not done. After any other error, such
   * as a lost reply, nobody knows whether it was done, so it is undone, which must be right in both cases.
   */
  attempt<T>(what: string, step: () => T, take: () => void): T {
    try {
      const done = step();
      this.register(what, take);
      return done;
    } catch (error) {
      if (!(error instanceof NetlinkError)) this.register(what, take);
      throw error;
    }
  }

  /**
   * Creates a link and goes on with it, in one datagram, which the kernel processes without a pause: a process can't die
   * in between and leave a link that nothing shows to be its. Only if the creation is refused was nothing done.
   * @throws NetlinkError the first refusal
   */
  create(host: Connection, what: string, requests: readonly NetlinkRequest[], take: () => void): void {
    const [, ...more] = this.attempt(
      what,
      () => {
        const replies = host.exchange(requests);
        if (replies[0]?.error !== undefined) throw replies[0].error;
        return replies;
      },
      take,
    );
    for (const { error } of more) if (error !== undefined) throw error;
  }

  /** Undoes everything, last first. What can't be undone goes to `warn`, and the rest is still undone. */
  run(warn: (line: string) => void): void {
    for (const { what, take } of this.steps.splice(0).reverse()) {
      try {
        take();
      } catch (error) {
        if (isGone(error)) continue;
        warn(`could not undo ${what}: ${messageOf(error)}`);
      }
    }
  }
}

/** Whether the link or the address is gone, so that there is nothing to undo. */
function isGone(error: unknown): boolean {
  return isErrno(error, 'ENODEV', 'EADDRNOTAVAIL') || fileErrorCode(error) === 'ENOENT';
}
