/** Steps that all run, even if some of them fail. */
export class Steps {
  private readonly failures: unknown[] = [];

  /** @returns the step's value, undefined if it fails */
  attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.failures.push(error);
      return undefined;
    }
  }

  /** @throws the error of the first step that failed */
  finish(): void {
    if (this.failures.length > 0) throw this.failures[0];
  }
}
