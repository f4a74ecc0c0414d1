import { Checks, type Seen } from '../runtimes/checks.ts';
import type { Side } from '../runtimes/plugins.ts';
import { stopMachines } from './machines.ts';

/** Checks of one subject, on machines of their own, with one side's plugins. */
export type Run = (checks: Checks, side: Side) => Promise<void>;

/** How long ago that was, in words. It decides nothing. */
export const secondsSince = (began: number) => `${Math.round((Date.now() - began) / 1000)} s`;

interface Baseline {
  readonly outcomes: ReadonlyMap<string, Seen>;
  readonly words: string;
}

/** What the same checks see with the Go plugins; their failures fail nothing. */
async function baseline(subject: string, run: Run): Promise<Baseline> {
  const checks = new Checks(subject, 'quiet');
  await run(checks, 'Go')
    .catch((error: unknown) => console.log(`note: ${subject} with the Go plugins: ${error}`))
    .finally(stopMachines);
  const { outcomes } = checks;
  const passed = [...outcomes.values()].filter((seen) => seen.passed).length;
  const words = ` [Go: ${passed} of ${outcomes.size} checks passed]`;
  return { outcomes, words };
}

/** Runs the checks with our plugins, and before them with the Go plugins where REFERENCE=1 asks for that. */
export async function runChecks(subject: string, run: Run): Promise<void> {
  const beside = process.env.REFERENCE === '1' ? await baseline(subject, run) : undefined;
  const checks = new Checks(subject, beside?.outcomes ?? 'none');
  const began = Date.now();
  await run(checks, 'ours')
    .catch((error: unknown) => checks.check('to the end', () => Promise.reject(error)))
    .finally(stopMachines);
  console.log(`== ${subject}: ${secondsSince(began)}${beside?.words ?? ''}`);
}
