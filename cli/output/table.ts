import type { Style } from './terminal.ts';

/** A cell: its text, and how that is set off. */
export interface Cell {
  readonly text: string;
  readonly style?: keyof Style;
}

/** A cell of plain text. */
export function cell(text: string, style?: keyof Style): Cell {
  return style === undefined ? { text } : { text, style };
}

/** How many columns of a terminal a text takes; letters beyond ASCII are rare here and count as one. */
function width({ text }: Cell): number {
  return text.length;
}

function styled({ text, style }: Cell, styles: Style): string {
  return style === undefined ? text : styles[style](text);
}

/** How a table is laid out. */
export interface Layout {
  readonly indent?: string;
  /** How wide it may be, but for its last column; 0 for any width. */
  readonly columns?: number;
  /** The heading of the column that is left out where the table is too wide, */
  readonly drops?: string;
  /** and of the one that is made narrower where that is not enough. */
  readonly shrinks?: string;
}

/** No column is made narrower than that. */
const narrowest = 16;

/** A text without its middle: names of pods differ at both ends. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - end)}…${text.slice(-end)}`;
}

/** The width of each column, its widest cell's. */
function widthsOf(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (let column = 0; column < row.length; column++) {
      const one = row[column];
      widths[column] = Math.max(widths[column] ?? 0, one === undefined ? 0 : width(one));
    }
  }
  return widths;
}

/** By how many letters the rows are too wide: of the last column, whose texts may go on in the next line, its heading. */
function excessOf(rows: readonly (readonly Cell[])[], { indent = '', columns = 0 }: Layout): number {
  const others = widthsOf(rows).slice(0, -1);
  const last = rows[0]?.at(-1)?.text.length ?? 0;
  return others.reduce((sum, one) => sum + one + 2, indent.length + last) - columns;
}

/** The rows, the first of which is the heading, as wide as the layout has it. */
function fitted(rows: readonly (readonly Cell[])[], layout: Layout): readonly (readonly Cell[])[] {
  if ((layout.columns ?? 0) === 0 || excessOf(rows, layout) <= 0) return rows;
  const placeOf = (heading: string | undefined): number =>
    rows[0]?.findIndex(({ text }) => text === heading) ?? -1;
  const dropped = placeOf(layout.drops);
  if (dropped >= 0)
    return fitted(
      rows.map((row) => row.toSpliced(dropped, 1)),
      layout,
    );
  const shrunk = placeOf(layout.shrinks);
  const room = Math.max(narrowest, (widthsOf(rows)[shrunk] ?? 0) - excessOf(rows, layout));
  return rows.map((row) =>
    row.map((one, column) => (column === shrunk ? { ...one, text: shortened(one.text, room) } : one)),
  );
}

/**
 * Rows in columns that are as wide as their widest cell, two spaces between them. A column whose cells are all empty is
 * left out, its heading too.
 */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  styles: Style,
  layout: Layout = {},
): string {
  const { indent = '' } = layout;
  const used = heading.map((_, column) => rows.some((row) => (row[column]?.text ?? '') !== ''));
  const head = heading.map((text) => cell(text, 'dim'));
  const filled = [head, ...rows].map((row) => row.filter((_, column) => used[column]));
  const all = fitted(filled, layout);
  const widths = widthsOf(all);
  const line = (row: readonly Cell[]): string => {
    const last = row.length - 1;
    const cells = row.map((one, column) => {
      const fill = column === last ? 0 : (widths[column] ?? 0) - width(one);
      return styled(one, styles) + ' '.repeat(fill);
    });
    return `${indent}${cells.join('  ').trimEnd()}\n`;
  };
  return all.map(line).join('');
}

/** `name   value` lines, a value of several lines under itself; what is undefined is left out. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string | readonly string[] | undefined])[],
  styles: Style,
  indent = '',
): string {
  const given = fields.filter(([, value]) => value !== undefined && value.length > 0);
  const widest = Math.max(0, ...given.map(([name]) => name.length));
  return given
    .map(([name, value]) => {
      const lines = typeof value === 'string' ? [value] : (value ?? []);
      const label = styles.dim(name) + ' '.repeat(widest - name.length);
      const rest = `\n${indent}${' '.repeat(widest)}  `;
      return `${indent}${label}  ${lines.join(rest)}\n`;
    })
    .join('');
}
