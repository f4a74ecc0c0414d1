/** Where in a file something is; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A key of an object in a JSON text. */
export interface KeyPlace {
  readonly key: string;
  /** The keys and indexes above it: `['ipam', 'ranges', '0', '0']`. */
  readonly above: readonly string[];
  /** Where it begins, in letters from the beginning of the text. */
  readonly at: number;
}

const space = /[ \t\n\r]*/y;
const word = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+/y;

/** Walks over a text that JSON.parse has taken. */
class Walk {
  private at = 0;
  readonly found: KeyPlace[] = [];

  constructor(private readonly text: string) {}

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [taken = ''] = pattern.exec(this.text) ?? [];
    this.at += taken.length;
    return taken;
  }

  private next(): string {
    this.take(space);
    return this.text.charAt(this.at);
  }

  value(above: readonly string[]): void {
    const first = this.next();
    if (first === '{') this.members(above);
    else if (first === '[') this.items(above);
    else this.take(word);
  }

  private members(above: readonly string[]): void {
    do {
      this.at++;
      if (this.next() === '}') break;
      const { at } = this;
      const key = String(JSON.parse(this.take(word)));
      this.found.push({ key, above, at });
      this.next();
      this.at++;
      this.value([...above, key]);
    } while (this.next() === ',');
    this.at++;
  }

  private items(above: readonly string[]): void {
    for (let index = 0; ; index++) {
      this.at++;
      if (this.next() === ']') break;
      this.value([...above, String(index)]);
      if (this.next() !== ',') break;
    }
    this.at++;
  }
}

/** Every key in a JSON text, in its order. @param json what JSON.parse takes */
export function findKeys(json: string): KeyPlace[] {
  const walk = new Walk(json);
  walk.value([]);
  return walk.found;
}

/** The line and column of a place in a text. */
export function positionOf(text: string, at: number): Position {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** Where the key of a path is, keys in any case; where that is missing, the nearest above it. Undefined for none. */
export function findPath(keys: readonly KeyPlace[], path: readonly string[]): KeyPlace | undefined {
  for (let length = path.length; length > 0; length--) {
    const wanted = path.slice(0, length).join('\0').toLowerCase();
    const found = keys.find(({ key, above }) => [...above, key].join('\0').toLowerCase() === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}
