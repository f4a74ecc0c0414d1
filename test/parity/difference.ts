import type { Observation, Part } from './observe.ts';
import type { Row } from './row.ts';

/** A row that was run with both plugins. */
export interface Context {
  readonly row: Row;
  /** The version of the Go plugins. */
  readonly version: string;
  readonly ours: Observation;
  readonly reference: Observation;
}

/** What a difference looks like. A value that is left out may be anything; null means that the fact is missing. */
interface Shape {
  readonly part?: Part;
  readonly path: RegExp;
  readonly ours?: string | RegExp | null;
  readonly reference?: string | RegExp | null;
}

/** A deliberate difference from the Go plugin. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  /** The rows that show it. It is a failure if one of them doesn't, or if another row does. */
  readonly rows: (context: Context) => boolean;
  readonly shows: readonly Shape[];
}
