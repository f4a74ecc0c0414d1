import { NetlinkError } from '../../netlink/error.ts';

/** What was done to the world so far, and how to take it back. */
export class Undo {
  private readonly steps: { readonly what: string; readonly take: () => void }[] = [];

  /**
   * Registers how to take back what was just done.
   * @param what in words, for the line that says it could not be: `veth pair veth1a2b3c4d`
   */
  register(what: string, take: () => void): void {
    this.steps.push({ what, take });
  }

  /**
   * Does a step and registers how to take it back. A step that the kernel refused was not done. After any other error,
   * such as a reply that is lost, nobody knows: it is taken back, which must be right in both cases.
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

  /** Takes everything back, last first. What can't be is told to `warn`; the rest is still done. */
  run(warn: (line: string) => void): void {
    for (const { what, take } of this.steps.splice(0).reverse()) {
      try {
        take();
      } catch (error) {
        warn(`could not undo ${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
