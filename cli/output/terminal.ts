import { libc } from '#libc';
import { writeText } from '../../netlink/file.ts';

/** How words are set off; each returns the text as it is where there is no terminal, or NO_COLOR is set. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Where a command prints. */
export interface Terminal {
  /** How wide it is; 0 where it isn't a terminal. */
  readonly columns: number;
  readonly style: Style;
  /** Prints on stdout. */
  print(text: string): void;
  /** Prints a line on stderr. */
  warn(line: string): void;
}

const stdout = 1;
const stderr = 2;

const plain = (text: string): string => text;

/** Words as they are. */
export const plainStyle: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };

/** Select Graphic Rendition (ECMA-48): what `on` begins, `off` ends. */
function rendition(on: number, off: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`);
}

const colours: Style = {
  bold: rendition(1, 22),
  dim: rendition(2, 22),
  red: rendition(31, 39),
  green: rendition(32, 39),
  yellow: rendition(33, 39),
};

/**
 * The process's own standard streams. A reader of stdout that is gone (`| head`) wants no more: what is printed then is
 * dropped.
 */
export function openTerminal(): Terminal {
  const columns = libc.columns(stdout);
  const { NO_COLOR = '' } = libc.environment('NO_COLOR');
  const { TERM = '' } = libc.environment('TERM');
  let isGone = false;
  return {
    columns,
    style: columns > 0 && NO_COLOR === '' && TERM !== 'dumb' ? colours : plainStyle,
    print(text) {
      if (isGone) return;
      try {
        writeText(stdout, text);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
        isGone = true;
      }
    },
    warn(line) {
      try {
        writeText(stderr, `${line}\n`);
      } catch {
        // Nobody can be told.
      }
    },
  };
}

/** Control characters would be the terminal's to obey: each becomes `?`. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** JSON as people and programs read it; a bigint as a number. */
export function formatJson(value: unknown): string {
  const seen = (_key: string, inner: unknown): unknown => {
    if (typeof inner === 'bigint') return Number(inner);
    return inner instanceof Map ? Object.fromEntries(inner) : inner;
  };
  return `${JSON.stringify(value, seen, 2)}\n`;
}
