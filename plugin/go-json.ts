const escaped: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * JSON text as Go's `json.MarshalIndent(value, "", "    ")` writes it: four spaces, and `<`, `>`, `&` and the
 * two line separators escaped. Keys come in the order they have in `value`; none ends with a newline.
 */
export function goJson(value: unknown): string {
  return JSON.stringify(value, undefined, 4).replace(/[<>&\u2028\u2029]/g, (char) => escaped[char] ?? char);
}
