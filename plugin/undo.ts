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
