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

/**
 * Rows in columns that are as wide as their widest cell, two spaces between them. A column whose cells are all empty is
 * left out, its heading too.
 */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  styles: Style,
  indent = '',
): string {
  const used = heading.map((_, column) => rows.some((row) => (row[column]?.text ?? '') !== ''));
  const head = heading.map((text) => cell(text, 'dim'));
  const all = [head, ...rows].map((row) => row.filter((_, column) => used[column]));
  const widths: number[] = [];
  for (const row of all) {
    for (let column = 0; column < row.length; column++) {
      const one = row[column];
      widths[column] = Math.max(widths[column] ?? 0, one === undefined ? 0 : width(one));
    }
  }
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
