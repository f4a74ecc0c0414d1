/** What a check saw, or how it failed. */
export interface Seen {
  readonly passed: boolean;
  readonly text: string;
}

/** The outcomes of all suites' checks. */
export const tally = { passed: 0, failed: 0 };

/** An error on one line: the command, and the end of its output, where programs say what was wrong. */
function brief(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 480 ? `${line.slice(0, 120)} ... ${line.slice(-350)}` : line;
}

/**
 * The checks of one suite: each prints one line about what it saw. Those with the Go plugin print nothing; their
 * results are shown beside ours.
 */
export class Checks {
  readonly outcomes = new Map<string, Seen>();

  /** @param beside what the same checks saw with the Go plugin; `quiet` for a run that is to stand beside another. */
  constructor(
    private readonly subject: string,
    private readonly beside: ReadonlyMap<string, Seen> | 'none' | 'quiet',
  ) {}

  /**
   * Checks something that must hold: `look` returns what it saw, and throws if it doesn't hold.
   * @returns whether it holds
   */
  async check(what: string, look: () => Promise<string>): Promise<boolean> {
    let seen: Seen;
    try {
      seen = { passed: true, text: await look() };
    } catch (error) {
      seen = { passed: false, text: brief(error) };
    }
    if (this.outcomes.has(what)) throw new Error(`two checks of ${this.subject} are called "${what}"`);
    this.outcomes.set(what, seen);
    if (this.beside === 'quiet') return seen.passed;
    tally[seen.passed ? 'passed' : 'failed']++;
    const number = tally.passed + tally.failed;
    console.log(
      `${seen.passed ? 'ok' : 'not ok'} ${number} ${this.subject}: ${what}: ${seen.text}${this.other(what, seen)}`,
    );
    return seen.passed;
  }

  private other(what: string, seen: Seen): string {
    if (typeof this.beside === 'string') return '';
    const go = this.beside.get(what);
    if (go === undefined) return ' [Go: not reached]';
    if (!go.passed) return ` [Go: not ok: ${go.text}]`;
    return go.text === seen.text ? ' [Go: the same]' : ` [Go: ${go.text}]`;
  }
}

/** @throws Error with this message if the condition doesn't hold. */
export function must(condition: boolean, words: string): void {
  if (!condition) throw new Error(words);
}

/** Repeats until the answer is the expected one; returns the last one after a minute. */
export async function settled<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (good(answer) || Date.now() > end) return answer;
    await new Promise((done) => setTimeout(done, 200));
  }
}
