import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Contender } from './contender.ts';
import type { Figures, Measured } from './jobs.ts';

/** Whose figures: the key of a contender. */
export type Key = Contender['key'];

/** A line of the table: figures of each contender, in the order of the rounds. */
export interface Row {
  readonly title: string;
  readonly unit: 'ms' | 'MiB' | '1/s';
  readonly samples: Partial<Record<Key, readonly number[]>>;
  /** Processor time in milliseconds, if measured. */
  readonly processor?: Partial<Record<Key, readonly number[]>>;
}

const keys: readonly Key[] = ['bridge', 'floor', 'pkg', 'go', 'go-nft'];

/** Files measured times under their rows; labels are `row|contender`. */
export function timeRows(measured: Measured): Row[] {
  const titles = new Set([...measured.keys()].map((label) => label.slice(0, label.lastIndexOf('|'))));
  return [...titles].map((title) => ({
    title,
    unit: 'ms',
    samples: pick(measured, title, ({ milliseconds }) => milliseconds),
    processor: pick(measured, title, ({ processor }) => processor),
  }));
}

function pick(
  measured: Measured,
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

/** What {@link memoryRows} gives of all calls on hosts of some 100 containers. */
export const anyCall = 'any call';

/** The largest peak of memory in calls, if any. The floor's is below what can be measured. */
export function memoryRows(of: string, measured: Measured): Row[] {
  const samples: Partial<Record<Key, number[]>> = {};
  for (const key of keys) {
    const peaks = [...measured].flatMap(([label, { kibibytes }]) =>
      key !== 'floor' && label.endsWith(`|${key}`) ? kibibytes : [],
    );
    if (peaks.length > 0) samples[key] = [Math.max(...peaks) / 1024];
  }
  return measured.size === 0 ? [] : [{ title: memoryTitle(of), unit: 'MiB', samples }];
}

export function memoryTitle(of: string): string {
  return `peak memory of ${of}`;
}

export const sizeTitle = 'size on disk, host-local included';
export const gzippedTitle = 'size gzipped, host-local included';

/** The size of an installation: the Go plugin needs its host-local, which is part of ours. */
export function sizeRows(plugins: readonly Contender[]): Row[] {
  const size: Partial<Record<Key, number[]>> = {};
  const gzipped: Partial<Record<Key, number[]>> = {};
  for (const { key, executable } of plugins) {
    const ours = key === 'bridge' || key === 'pkg';
    const paths = ours ? [executable] : [executable, `${dirname(executable)}/host-local`];
    const files = paths.map((path) => readFileSync(path));
    size[key] = [mebibytes(files)];
    gzipped[key] = [mebibytes(files.map((file) => gzipSync(file)))];
  }
  return [
    { title: sizeTitle, unit: 'MiB', samples: size },
    { title: gzippedTitle, unit: 'MiB', samples: gzipped },
  ];
}

function mebibytes(files: readonly Buffer[]): number {
  return files.reduce((sum, { length }) => sum + length, 0) / 2 ** 20;
}
