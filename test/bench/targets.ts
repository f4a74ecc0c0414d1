import { burstRow } from './calls.ts';
import { connectionRow } from './connections.ts';
import type { Row } from './row.ts';
import { median, pairwiseRatio } from './statistics.ts';

/** What dist/bridge is to reach in a row. */
export interface Target {
  readonly row: string;
  /** What is compared: its figure by the Go plugin's, its own figure, or its own figure by that of another row. */
  readonly of: 'ratio' | 'figure' | { readonly ownRow: string };
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
}

const atMost = (row: string, limit: number): Target => ({ row, of: 'ratio', bound: 'at most', limit });

export const targets: readonly Target[] = [
  atMost('ADD, masquerade', 0.35),
  atMost('ADD, no masquerade', 0.75),
  atMost('DEL, masquerade', 0.45),
  atMost('DEL, no masquerade', 1),
  atMost('CHECK, masquerade', 0.8),
  atMost(burstRow('ADD', 16), 0.4),
  atMost(burstRow('DEL', 16), 0.4),
  { row: connectionRow(1000), of: { ownRow: connectionRow(1) }, bound: 'at least', limit: 0.95 },
  { row: 'peak memory of any call', of: 'figure', bound: 'at most', limit: 32 },
];

/** How far a figure may miss its target before the run fails. */
const tolerance = 0.1;

/** A target beside what was measured. */
export interface Verdict extends Target {
  readonly figure: number;
  readonly met: boolean;
  readonly missedByFar: boolean;
}

/** Compares a target with the rows of a run. @returns undefined where the run has no figure for it */
export function judge(target: Target, rows: readonly Row[]): Verdict | undefined {
  const figure = figureOf(target, rows);
  if (figure === undefined) return undefined;
  const { bound, limit } = target;
  const within = (slack: number) =>
    bound === 'at most' ? figure <= limit * (1 + slack) : figure >= limit * (1 - slack);
  return { ...target, figure, met: within(0), missedByFar: !within(tolerance) };
}

function figureOf({ row: title, of }: Target, rows: readonly Row[]): number | undefined {
  const samplesOf = (wanted: string) => rows.find((row) => row.title === wanted)?.samples;
  const ours = samplesOf(title)?.bridge;
  if (ours === undefined) return undefined;
  if (of === 'figure') return median(ours);
  const base = of === 'ratio' ? samplesOf(title)?.go : samplesOf(of.ownRow)?.bridge;
  if (base === undefined) return undefined;
  return of === 'ratio' ? pairwiseRatio(ours, base) : median(ours) / median(base);
}
