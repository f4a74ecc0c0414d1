import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Contender } from './contender.ts';
import type { Figures } from './jobs.ts';

/** Whose figures: the key of a contender. */
export type Key = Contender['key'];

/** A line of the table: figures of each contender, in the order of the rounds. */
export interface Row {
  readonly title: string;
  readonly unit: 'ms' | 'MiB' | '1/s';
  readonly samples: Partial<Record<Key, readonly number[]>>;
  /** Milliseconds of the processor, where they were measured. */
  readonly processor?: Partial<Record<Key, readonly number[]>>;
}

const keys: readonly Key[] = ['bridge', 'pkg', 'go', 'go-nft'];

/** Files measured times under their rows; labels are `row|contender`. */
export function timeRows(measured: ReadonlyMap<string, Figures>): Row[] {
  const titles = new Set([...measured.keys()].map((label) => label.slice(0, label.lastIndexOf('|'))));
  return [...titles].map((title) => ({
    title,
    unit: 'ms',
    samples: pick(measured, title, ({ milliseconds }) => milliseconds),
    processor: pick(measured, title, ({ processor }) => processor),
  }));
}

function pick(
  measured: ReadonlyMap<string, Figures>,
  title: string,
  of: (figures: Figures) => number[],
): Partial<Record<Key, number[]>> {
  const found: Partial<Record<Key, number[]>> = {};
  for (const key of keys) {
    const figures = measured.get(`${title}|${key}`);
    if (figures !== undefined) found[key] = of(figures);
  }
  return found;
}

/** The largest peak of memory in any call measured. */
export function memoryRow(measured: ReadonlyMap<string, Figures>): Row {
  const samples: Partial<Record<Key, number[]>> = {};
  for (const key of keys) {
    const peaks = [...measured].flatMap(([label, { kibibytes }]) =>
      label.endsWith(`|${key}`) ? kibibytes : [],
    );
    if (peaks.length > 0) samples[key] = [Math.max(...peaks) / 1024];
  }
  return { title: 'peak memory of any call', unit: 'MiB', samples };
}

/** Sizes of what has to be installed: the Go plugin is of no use without its host-local, which is inside ours. */
export function sizeRow(contenders: readonly Contender[]): Row {
  const samples: Partial<Record<Key, number[]>> = {};
  for (const { key, executable } of contenders) {
    const ours = key === 'bridge' || key === 'pkg';
    const files = ours ? [executable] : [executable, `${dirname(executable)}/host-local`];
    samples[key] = [files.reduce((sum, file) => sum + statSync(file).size, 0) / 2 ** 20];
  }
  return { title: 'size on disk, host-local included', unit: 'MiB', samples };
}
