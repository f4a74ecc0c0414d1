import { fileErrorCode, isErrno, NetlinkError } from '../../netlink/error.ts';

/** What was done so far, and how to take it back. */
export class Undo {
  private readonly steps: { readonly what: string; readonly take: () => void }[] = [];

  /**
   * Registers how to take back what was just done.
   * @param what names it in the line that says that it could not be taken back: `veth pair veth1a2b3c4d`
   */
  register(what: string, take: () => void): void {
    this.steps.push({ what, take });
  }

  /**
   * Does a step and registers how to take it back. A step that the kernel refused was not done. After any other error,
   * such as a lost reply, nobody knows whether it was done: it is taken back, which must be right in both cases.
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

  /** Takes everything back, last first. What cannot be is told to `warn`, and the rest is still done. */
  run(warn: (line: string) => void): void {
    for (const { what, take } of this.steps.splice(0).reverse()) {
      try {
        take();
      } catch (error) {
        if (isGone(error)) continue;
        warn(`could not undo ${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

/** Whether the link or the address that was to be changed is there no more: then nothing is to be taken back. */
function isGone(error: unknown): boolean {
  return isErrno(error, 'ENODEV', 'EADDRNOTAVAIL') || fileErrorCode(error) === 'ENOENT';
}
