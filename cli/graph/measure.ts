/** Letters that take two columns: those of East Asia, and pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** How many columns a text takes in a font whose letters are all of one width. */
export function measure(text: string): number {
  let columns = 0;
  for (const letter of text) columns += wide.test(letter) ? 2 : 1;
  return columns;
}

/** The text, or its beginning and an ellipsis where it takes more columns than that. */
export function shorten(text: string, columns: number): string {
  if (measure(text) <= columns) return text;
  let kept = '';
  let used = 1;
  for (const letter of text) {
    used += measure(letter);
    if (used > columns) break;
    kept += letter;
  }
  return `${kept}…`;
}
