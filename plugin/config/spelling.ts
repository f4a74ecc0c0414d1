/** How many letters have to be changed, added, left out or exchanged with their neighbour to come from one word to another. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The known word that a word was probably meant to be: one or two letters away, of long words. Undefined where none is. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let found: string | undefined;
  let least = (word.length < 6 ? 1 : 2) + 1;
  for (const one of known) {
    if (Math.abs(one.length - word.length) >= least) continue;
    const apart = distance(word.toLowerCase(), one.toLowerCase());
    if (apart < least) [found, least] = [one, apart];
  }
  return found;
}
