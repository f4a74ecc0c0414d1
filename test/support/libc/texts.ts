/** A host's UTF-8. */
export interface Utf8 {
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
}

/** The first and the last byte of each class, and its neighbours (table 3-7 of the Unicode standard). */
const bytes = [
  ...[0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec],
  ...[0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xfe, 0xff],
];
/** The same for UTF-16's units, including surrogates. */
const units = [
  ...[0x00, 0x41, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000],
  ...[0xfeff, 0xfffd, 0xffff],
];
/** Those of them that begin three bytes or more. */
const leads = bytes.filter((byte) => byte >= 0xe0 && byte <= 0xf5);

/** A hash of a list of lists (FNV-1a). */
function digest(all: readonly ArrayLike<number>[]): number {
  let hash = 0x811c9dc5;
  for (const list of all) {
    for (let i = 0; i < list.length; i++) hash = Math.imul(hash ^ (list[i] ?? 0), 0x01000193);
    hash = Math.imul(hash ^ list.length ^ 0x10000, 0x01000193);
  }
  return hash >>> 0;
}

function unitsOf(text: string): number[] {
  const list: number[] = [];
  for (let i = 0; i < text.length; i++) list.push(text.charCodeAt(i));
  return list;
}

/** Every list of this many of these, after a prefix. */
function* lists(
  of: readonly number[],
  length: number,
  beginning: readonly number[] = [],
): Generator<number[]> {
  if (length === 0) yield [...beginning];
  else for (const one of of) yield* lists(of, length - 1, [...beginning, one]);
}

const hex = (list: readonly number[]): string => list.map((number) => number.toString(16)).join(' ');

/** Texts that an engine may store specially: long, one byte a character, concatenated, sliced. */
function* oddTexts(): Generator<string> {
  const half = '\ud83d';
  const smile = `${half}\ude00`;
  for (const length of [1, 15, 16, 255, 256, 4096, 17_000]) {
    for (const unit of ['a', 'é', '€', smile, half, '\ude00', `${half}a`, '\0']) {
      const text = unit.repeat(length);
      yield text;
      yield text + half;
      yield `\ude00${text}`;
      yield `x${text}`.slice(1);
      yield text.slice(0, -1) + smile.slice(0, 1);
    }
  }
  let joined = '';
  for (let i = 0; i < 2000; i++) joined += i % 3 === 0 ? half : `\ude00${i}`;
  yield joined;
}

/** What a host makes of every class of valid and invalid UTF-8: a line for some thousand cases with the same prefix. */
export function textOutcomes({ encode, decode }: Utf8): string[] {
  const lines: string[] = [];
  for (let length = 0; length <= 2; length++) {
    for (const beginning of lists(bytes, length)) {
      lines.push(`decode ${hex(beginning)}: ${hex(unitsOf(decode(Uint8Array.from(beginning))))}`);
    }
    for (const beginning of lists(units, length)) {
      const text = String.fromCharCode(...beginning);
      lines.push(`encode ${hex(beginning)}: ${hex([...encode(text)])}`);
    }
  }
  for (const beginning of lists(bytes, 2)) {
    const all = [...lists(bytes, 1, beginning)].map((whole) => unitsOf(decode(Uint8Array.from(whole))));
    lines.push(`decode ${hex(beginning)} and one more: ${digest(all)}`);
  }
  for (const lead of leads) {
    for (const second of bytes) {
      const wholes = [...lists(bytes, 2, [lead, second])];
      const all = wholes.map((whole) => unitsOf(decode(Uint8Array.from(whole))));
      lines.push(`decode ${hex([lead, second])} and two more: ${digest(all)}`);
    }
  }
  for (const beginning of lists(units, 1)) {
    const all = [...lists(units, 2, beginning)].map((whole) => encode(String.fromCharCode(...whole)));
    lines.push(`encode ${hex(beginning)} and two more: ${digest(all)}`);
  }
  let count = 0;
  for (const text of oddTexts()) {
    const encoded = encode(text);
    lines.push(`text ${++count}: ${digest([encoded, unitsOf(decode(encoded))])}`);
    // Cut in the middle of a character.
    lines.push(`text ${count} cut: ${digest([unitsOf(decode(encoded.subarray(1, -1)))])}`);
  }
  return lines;
}
