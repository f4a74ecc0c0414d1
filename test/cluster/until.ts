/** How long anything may take on a machine that is busy with other work; nothing is judged by how long it took. */
const limit = 300_000;

/**
 * Asks again and again until the answer is good.
 * @returns that answer
 * @throws Error that says what was waited for, with the last answer, when it never is
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error);
    // A question that can't be put yet has no answer, which is not a good one either.
    if (!(answer instanceof Error) && good(answer as T)) return answer as T;
    if (Date.now() > end) throw new Error(`${what}: waited in vain: ${String(answer).slice(0, 300)}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}
