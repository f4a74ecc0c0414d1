import type { Contender } from './contender.ts';
import { budget, type Course, phases } from './phases.ts';
import type { Key, Row } from './row.ts';
import { median, p95, pairwiseRatio } from './statistics.ts';
import type { Verdict } from './targets.ts';

/** Three figures that count, and never an exponent. */
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

/** Every row: median (p95) of each contender, and the ratios of pairs against the Go plugin as it comes. */
export function figuresTable(contenders: readonly Contender[], rows: readonly Row[]): string {
  return table(
    [
      '',
      'unit',
      'pairs',
      ...contenders.map(({ title }) => title),
      'bridge / Go',
      'bridge / Go nftables',
      'pkg / Go',
    ],
    rows.map(({ title, unit, samples }) => [
      title,
      unit,
      String(Math.max(...Object.values(samples).map(({ length }) => length))),
      ...contenders.map(({ key }) => cell(samples[key])),
      ratio(samples, 'bridge', 'go'),
      ratio(samples, 'bridge', 'go-nft'),
      ratio(samples, 'pkg', 'go'),
    ]),
  );
}

function ratio(samples: Row['samples'], ours: Key, theirs: Key): string {
  const [a, b] = [samples[ours], samples[theirs]];
  return a === undefined || b === undefined ? '' : pairwiseRatio(a, b).toFixed(2);
}

/** Processor time, median of each contender: what a call costs a machine that is busy. */
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

/** Targets beside figures. */
export function targetsTable(verdicts: readonly Verdict[]): string {
  const what = ({ of }: Verdict) =>
    of === 'ratio' ? 'ratio to Go' : of === 'figure' ? 'figure' : `ratio to “${of.ownRow}”`;
  return table(
    ['dist/bridge', 'of', 'target', 'measured', ''],
    verdicts.map((verdict) => [
      verdict.row,
      what(verdict),
      `${verdict.bound} ${verdict.limit}`,
      verdict.figure.toFixed(2),
      verdict.met ? 'met' : verdict.missedByFar ? '**missed**' : 'missed by less than 10 %',
    ]),
  );
}

/** Where the time of dist/bridge goes. */
export function phasesTable(courses: readonly Course[]): string {
  const total = (values: Readonly<Record<string, number>>) =>
    Object.values(values).reduce((sum, value) => sum + value, 0);
  return table(
    ['ms', ...phases, 'sum'],
    [
      ['budget of an ADD', ...phases.map((phase) => format(budget[phase])), format(total(budget))],
      ...courses.map(({ command, milliseconds }) => [
        command,
        ...phases.map((phase) => format(milliseconds[phase])),
        format(total(milliseconds)),
      ]),
    ],
  );
}

/** How often each contender calls the kernel. */
export function systemCallsTable(contenders: readonly Contender[], courses: readonly Course[]): string {
  return table(
    ['system calls', ...contenders.map(({ title }) => title)],
    courses.map(({ command, systemCalls }) => [
      command,
      ...contenders.map(({ key }) => String(systemCalls[key] ?? '')),
    ]),
  );
}
