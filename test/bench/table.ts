import type { Contender } from './contender.ts';
import type { Key, Row } from './row.ts';
import { median, p95, pairwiseRatio } from './statistics.ts';
import type { SystemCalls } from './system-calls.ts';
import type { Judgement, Target, Verdict } from './targets.ts';

/** Three significant digits, never an exponent. */
function format(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A Markdown table; all columns but the first are aligned to the right. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const align = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, align, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cell(values: readonly number[] | undefined): string {
  if (values === undefined) return '';
  return values.length === 1 ? format(median(values)) : `${format(median(values))} (${format(p95(values))})`;
}

/** Every row: median (p95) of each contender, and the ratios of pairs. */
export function figuresTable(contenders: readonly Contender[], rows: readonly Row[]): string {
  return table(
    [
      '',
      'unit',
      'pairs',
      ...contenders.map(({ title }) => title),
      'bridge / Go',
      'bridge / Go nftables',
      'bridge / floor',
      'pkg / Go',
    ],
    rows.map(({ title, unit, samples }) => [
      title,
      unit,
      String(Math.max(...Object.values(samples).map(({ length }) => length))),
      ...contenders.map(({ key }) => cell(samples[key])),
      ratio(samples, 'bridge', 'go'),
      ratio(samples, 'bridge', 'go-nft'),
      ratio(samples, 'bridge', 'floor'),
      ratio(samples, 'pkg', 'go'),
    ]),
  );
}

function ratio(samples: Row['samples'], ours: Key, theirs: Key): string {
  const [a, b] = [samples[ours], samples[theirs]];
  return a === undefined || b === undefined ? '' : pairwiseRatio(a, b).toFixed(2);
}

/** Processor time, median of each contender: what a call costs a busy machine. */
export function processorTable(contenders: readonly Contender[], rows: readonly Row[]): string {
  const timed = rows.flatMap(({ title, processor }) =>
    processor === undefined ? [] : [{ title, processor }],
  );
  return table(
    ['', ...contenders.map(({ title }) => title), 'bridge / Go'],
    timed.map(({ title, processor }) => [
      title,
      ...contenders.map(({ key }) => {
        const values = processor[key];
        return values === undefined ? '' : format(median(values));
      }),
      ratio(processor, 'bridge', 'go'),
    ]),
  );
}

/** Whether a target was met, as text. */
export function inWords({ met, missedByFar }: Judgement): string {
  return met ? 'met' : missedByFar ? '**missed**' : 'missed by less than 10 %';
}

/** What a target's figure is. */
function measureOf({ row, of }: Target, rows: readonly Row[]): string {
  if (of === 'go') return 'ratio to Go';
  if (of === 'floor') return 'ratio to the floor';
  if (of === 'figure') return rows.find(({ title }) => title === row)?.unit ?? '';
  return `ratio to “${of.ownRow}”`;
}

/** Targets beside figures. */
export function targetsTable(verdicts: readonly Verdict[], rows: readonly Row[]): string {
  return table(
    ['dist/bridge', 'of', 'target', 'measured', ''],
    verdicts.map((verdict) => [
      verdict.row,
      measureOf(verdict, rows),
      `${verdict.bound} ${verdict.limit}`,
      verdict.figure.toFixed(2),
      inWords(verdict),
    ]),
  );
}

/** How often each contender calls the kernel. */
export function systemCallsTable(contenders: readonly Contender[], counted: readonly SystemCalls[]): string {
  return table(
    ['', ...contenders.map(({ title }) => title)],
    counted.map(({ command, counts }) => [
      command,
      ...contenders.map(({ key }) => String(counts[key] ?? '')),
    ]),
  );
}
