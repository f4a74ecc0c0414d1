/** A value that several sources may give: where it stands, and the value. */
export type Source = readonly [where: string, value: string | undefined];

/** The first source with a value; undefined if there is none. */
export function firstGiven(sources: readonly Source[]): readonly [string, string] | undefined {
  for (const [where, value] of sources) {
    if (value !== undefined && value !== '') return [where, value];
  }
  return undefined;
}
