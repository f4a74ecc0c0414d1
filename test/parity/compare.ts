import type { Context } from './difference.ts';
import { differences } from './differences.ts';
import { type Deviation, deviations } from './facts.ts';
import { understood } from './libcni.ts';
import type { Part } from './observe.ts';
import { confOf } from './row.ts';

/** The outcome of a part of a row: the numbers of the differences that explain it, and what none explains. */
export interface Cell {
  readonly explained: readonly number[];
  readonly unexplained: readonly Deviation[];
  /** Whether there was anything to compare. */
  readonly empty: boolean;
}

/** A row's comparison. */
export interface Comparison {
  readonly cells: Readonly<Record<Part | 'libcni', Cell>>;
  /** The numbers of differences that are listed for this row but don't appear. */
  readonly missing: readonly number[];
}

/** Compares two observations of a row, matching each deviation with the list of deliberate differences. */
export function compare(context: Context, withLibcni: boolean): Comparison {
  const shown = new Set<number>();
  const cell = (part: Part, ours: Record<string, string>, reference: Record<string, string>): Cell => {
    const explained = new Set<number>();
    const unexplained = deviations(ours, reference).filter((deviation) => {
      const number = explain(context, part, deviation);
      if (number !== undefined) explained.add(number);
      return number === undefined;
    });
    for (const number of explained) shown.add(number);
    const empty = Object.keys(ours).length === 0 && Object.keys(reference).length === 0;
    return { explained: [...explained].sort((a, b) => a - b), unexplained, empty };
  };
  const { row, ours, reference } = context;
  const cellOf = (part: Part) => cell(part, ours.facts[part], reference.facts[part]);
  const [result, kernel, check, del] = [cellOf('result'), cellOf('kernel'), cellOf('CHECK'), cellOf('DEL')];
  const version = String(confOf(row).cniVersion ?? '0.1.0');
  const read = (results: Record<string, string>) => (withLibcni ? understood(version, results) : {});
  const bothAnswered = Object.keys(ours.results).join() === Object.keys(reference.results).join();
  const libcni =
    bothAnswered && Object.keys(ours.results).length > 0
      ? cell('result', read(ours.results), read(reference.results))
      : cell('result', {}, {});
  const missing = differences.flatMap(({ rows }, index) =>
    rows(context) && !shown.has(index + 1) ? [index + 1] : [],
  );
  return { cells: { result, kernel, CHECK: check, DEL: del, libcni }, missing };
}

/** The number of the first listed difference that explains this deviation. */
function explain(context: Context, part: Part, deviation: Deviation): number | undefined {
  const index = differences.findIndex(
    ({ rows, shows }) =>
      rows(context) &&
      shows.some(
        (one) =>
          (one.part === undefined || one.part === part) &&
          one.path.test(deviation.path) &&
          matches(one.ours, deviation.ours) &&
          matches(one.reference, deviation.reference),
      ),
  );
  return index === -1 ? undefined : index + 1;
}

/** If left out, anything goes; null means that it must not be there. */
function matches(expected: string | RegExp | null | undefined, value: string | undefined): boolean {
  if (expected === undefined) return true;
  if (expected === null || value === undefined) return expected === null && value === undefined;
  return typeof expected === 'string' ? expected === value : expected.test(value);
}
