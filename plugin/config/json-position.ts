/** Deeper than any configuration, and far from exhausting the stack. */
const maxDepth = 200;

const space = /[ \t\n\r]*/y;
const text = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/**
 * Says where a text stops being JSON, since the engines' own messages differ and not all give the place: `line 3,
 * column 5: expected "," or "}", found "x"`. Lines and columns count from 1.
 */
export function findJsonError(json: string): string {
  const scan = new Scan(json);
  scan.value(0);
  if (scan.expected === undefined) {
    scan.skip(space);
    if (scan.at < json.length) scan.fail('the end');
  }
  const before = json.slice(0, scan.at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  const found = scan.at < json.length ? JSON.stringify(json.charAt(scan.at)) : 'the end';
  return `line ${before.length}, column ${column}: expected ${scan.expected ?? 'JSON'}, found ${found}`;
}

/** Walks over a JSON text up to its first mistake, at which `at` stays. */
class Scan {
  at = 0;
  expected: string | undefined;

  private readonly json: string;

  constructor(json: string) {
    this.json = json;
  }

  value(depth: number): boolean {
    this.skip(space);
    if (depth > maxDepth) return this.fail('less nesting');
    if (this.json[this.at] === '{') return this.list('}', () => this.member(depth));
    if (this.json[this.at] === '[') return this.list(']', () => this.value(depth + 1));
    if (this.json[this.at] === '"') return this.skip(text) || this.fail('a valid string');
    return this.skip(scalar) || this.fail('a value');
  }

  private member(depth: number): boolean {
    this.skip(space);
    if (!this.skip(text)) return this.fail('a key in double quotes');
    this.skip(space);
    return this.take(':') ? this.value(depth + 1) : this.fail('":"');
  }

  private list(end: string, item: () => boolean): boolean {
    this.at += 1;
    this.skip(space);
    if (this.take(end)) return true;
    for (;;) {
      if (!item()) return false;
      this.skip(space);
      if (this.take(end)) return true;
      if (!this.take(',')) return this.fail(`"," or "${end}"`);
    }
  }

  private take(char: string): boolean {
    if (this.json[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.json)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  fail(expected: string): boolean {
    this.expected = expected;
    return false;
  }
}
