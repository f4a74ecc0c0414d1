import type { Observation, Part } from './observe.ts';
import type { Row } from './row.ts';

/** A row that was carried out with both plugins. */
export interface Context {
  readonly row: Row;
  /** The version of the Go plugin plugins. */
  readonly version: string;
  readonly ours: Observation;
  readonly reference: Observation;
}

/** What a difference looks like. A value that is left out may be anything, null means that the fact is missing. */
interface Shape {
  readonly part?: Part;
  readonly path: RegExp;
  readonly ours?: string | RegExp | null;
  readonly reference?: string | RegExp | null;
}

/** A difference from the Go plugin that is meant. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  /** The rows that show it: one of them that doesn't is a failure, and so is any other row that does. */
  readonly rows: (context: Context) => boolean;
  readonly shows: readonly Shape[];
}
