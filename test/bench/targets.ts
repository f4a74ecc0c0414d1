import { burstRow } from './calls.ts';
import { connectionRow } from './connections.ts';
import { gcRow, many, strandedRow } from './crowd-calls.ts';
import { anyCall, gzippedTitle, memoryTitle, type Row, sizeTitle } from './row.ts';
import { median, pairwiseRatio } from './statistics.ts';

/** What dist/bridge is to reach in a row. */
export interface Target {
  readonly row: string;
  /** What is compared: its figure by another contender's or by its own of another row, or the figure as it is. */
  readonly of: 'go' | 'floor' | 'figure' | { readonly ownRow: string };
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
}

const atMost = (row: string, limit: number, of: Target['of'] = 'go'): Target => ({
  row,
  of,
  bound: 'at most',
  limit,
});

const addRow = 'ADD, masquerade';

export const targets: readonly Target[] = [
  atMost('VERSION', 0.35),
  atMost(addRow, 0.13),
  atMost('ADD, no masquerade', 0.3),
  atMost('CHECK, masquerade', 0.25),
  atMost('DEL, masquerade', 0.2),
  atMost('DEL, no masquerade', 0.95),
  atMost(burstRow('ADD', 16), 0.12),
  atMost(burstRow('DEL', 16), 0.18),
  atMost(addRow, 2, 'floor'),
  atMost('ADD, no masquerade', 2, 'floor'),
  atMost('DEL, no masquerade', 1.15, 'floor'),
  atMost(strandedRow(many), 1.3, { ownRow: strandedRow(1) }),
  atMost(gcRow, 12, { ownRow: addRow }),
  { row: connectionRow(1000), of: { ownRow: connectionRow(1) }, bound: 'at least', limit: 0.95 },
  atMost(memoryTitle(anyCall), 4, 'figure'),
  atMost(sizeTitle, 2.5, 'figure'),
  atMost(gzippedTitle, 1, 'figure'),
];

/** How far a figure may miss its target before the run fails. */
const tolerance = 0.1;

/** What came of a target. */
export interface Judgement {
  readonly figure: number;
  readonly met: boolean;
  readonly missedByFar: boolean;
}

/** A target beside what was measured. */
export interface Verdict extends Target, Judgement {}

/** Compares a figure with what it is to be. */
export function judgeFigure(figure: number, bound: Target['bound'], limit: number): Judgement {
  const within = (slack: number) =>
    bound === 'at most' ? figure <= limit * (1 + slack) : figure >= limit * (1 - slack);
  return { figure, met: within(0), missedByFar: !within(tolerance) };
}

/** Compares a target with the rows of a run. @returns undefined if the run has no figure for it */
export function judge(target: Target, rows: readonly Row[]): Verdict | undefined {
  const figure = figureOf(target, rows);
  return figure === undefined ? undefined : { ...target, ...judgeFigure(figure, target.bound, target.limit) };
}

function figureOf({ row: title, of }: Target, rows: readonly Row[]): number | undefined {
  const samplesOf = (wanted: string) => rows.find((row) => row.title === wanted)?.samples;
  const samples = samplesOf(title);
  const ours = samples?.bridge;
  if (ours === undefined) return undefined;
  if (of === 'figure') return median(ours);
  const base = typeof of === 'object' ? samplesOf(of.ownRow)?.bridge : samples?.[of];
  return base === undefined ? undefined : pairwiseRatio(ours, base);
}
