import { type Command, type Option, optionsOf, usageOf } from './command.ts';
import { formatTable } from './output/table.ts';
import type { Terminal } from './output/terminal.ts';

/** What the whole is, in a line. */
export const purpose = 'look after the containers that the CNI bridge plugin has connected';

/** What each exit status means, of every command. */
export const exitStatuses: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'Done, and all is well.'],
  ['1', 'Something is wrong, was not found, or could not be done.'],
  ['2', 'The command line is wrong.'],
];

/** The options that stand before any command. */
export const commonOptions: readonly Option[] = [
  { name: 'help', short: 'h', description: 'Say what there is.' },
  { name: 'version', description: 'Print the version.' },
];

/** Breaks a paragraph into lines of at most so many letters. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line].join('\n');
}

/** `-h, --help`, `--conf-dir DIRECTORY` */
export function optionWords({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** Names and what they are, each of these wrapped under itself. */
function listed(rows: readonly (readonly [string, string])[], width: number): string {
  const widest = Math.max(...rows.map(([name]) => name.length));
  const indent = ' '.repeat(widest + 4);
  return rows
    .map(([name, text]) => `  ${name.padEnd(widest)}${wrap(text, width, indent).slice(widest + 2)}\n`)
    .join('');
}

/** What help is printed on. */
type Paper = Pick<Terminal, 'style' | 'columns'>;

/** Longer lines are hard to read. */
const longestLine = 100;

function widthOf({ columns }: Paper): number {
  return columns === 0 ? longestLine : Math.min(columns, longestLine);
}

const closing =
  '`cni-bridge COMMAND --help` has more. Exit status: 0 all is well, 1 something is not, 2 wrong usage.';

/** What `cni-bridge --help` prints. */
export function generalHelp(commands: readonly Command[], paper: Paper): string {
  const { style } = paper;
  const width = widthOf(paper);
  return [
    `${style.bold('cni-bridge')}: ${purpose}\n\n`,
    'usage: cni-bridge COMMAND [ARGUMENT...]\n\n',
    listed(
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    '\n',
    listed(
      commonOptions.map((option) => [optionWords(option), option.description]),
      width,
    ),
    `\n${wrap(closing, width)}\n`,
  ].join('');
}

/** What `cni-bridge COMMAND --help` prints. */
export function commandHelp(command: Command, paper: Paper): string {
  const { style } = paper;
  const width = widthOf(paper);
  const { description, operands, rest, examples } = command;
  const words = [...operands, ...(rest === undefined ? [] : [rest])];
  const options = optionsOf(command);
  const example = examples.map(({ line, says }) => [{ text: line }, { text: says, style: 'dim' as const }]);
  const [, ...rows] = formatTable(['', ''], example, style, { indent: '  ' }).split('\n');
  return [
    `${style.bold(command.name)}: ${command.summary}\n\n`,
    `${wrap(`usage: ${usageOf(command)}`, width)}\n\n`,
    description.map((paragraph) => `${wrap(paragraph, width)}\n\n`).join(''),
    listed(
      [
        ...words.map(({ name, description: text }) => [name, text] as const),
        ...options.map((option) => [optionWords(option), option.description] as const),
      ],
      width,
    ),
    `\nexamples:\n${rows.join('\n')}`,
    `\nexit status 1: ${command.failure}\n`,
  ].join('');
}
