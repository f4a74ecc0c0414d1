/** The observed state, as values under paths: `host link br0 mtu` is `1500`. */
export type Facts = Record<string, string>;

/**
 * A JSON value as facts, one for each leaf.
 * @param skip whether to leave out a key's value
 */
export function flatten(path: string, value: unknown, skip: (key: string) => boolean = () => false): Facts {
  if (typeof value !== 'object' || value === null) return { [path]: String(value) };
  const entries = Object.entries(value).filter(([key]) => !skip(key));
  if (entries.length === 0) return { [path]: Array.isArray(value) ? '[]' : '{}' };
  return Object.assign({}, ...entries.map(([key, inner]) => flatten(`${path} ${key}`, inner, skip)));
}

/** A fact that only one side has, or that has different values. */
export interface Deviation {
  readonly path: string;
  readonly ours: string | undefined;
  readonly reference: string | undefined;
}

/** The differences between two sides, by path. */
export function deviations(ours: Facts, reference: Facts): Deviation[] {
  const paths = [...new Set([...Object.keys(ours), ...Object.keys(reference)])].sort();
  return paths
    .filter((path) => ours[path] !== reference[path])
    .map((path) => ({ path, ours: ours[path], reference: reference[path] }));
}
