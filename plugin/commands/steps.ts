/** Steps each of which is done whatever becomes of the others. */
export class Steps {
  private readonly failures: unknown[] = [];

  /** @returns undefined where the step fails */
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
