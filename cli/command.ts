import type { Terminal } from './output/terminal.ts';

/** An option of a command, `--name`. */
export interface Option {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What its value is called in help, `DIRECTORY`; an option without takes none. */
  readonly value?: string;
  /** What files complete a value: `directory`, `file`. */
  readonly completes?: 'file' | 'directory';
  readonly description: string;
}

/** A word of the command line that isn't an option. */
export interface Operand {
  /** `FILE` */
  readonly name: string;
  readonly isOptional?: boolean;
  /** What completes it: files, or what `cni-bridge complete` prints. */
  readonly completes?: 'file' | 'attachment';
  readonly description: string;
}

/** A command line that somebody might type, and what it is good for. */
export interface Example {
  readonly line: string;
  readonly says: string;
}

/** What was typed after the command's name. */
export interface Arguments {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly operands: readonly string[];
  /** What stands after `--`. */
  readonly rest: readonly string[];
}

/** A command of cni-bridge: help, man page and completion are made of this. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop at its end. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly operands: readonly Operand[];
  /** Whether words may follow after `--`; what they are called. */
  readonly rest?: Operand;
  /** Beyond `--help`, and `--json` where `hasJson`. */
  readonly options: readonly Option[];
  /** Whether `--json` prints what it knows as JSON. */
  readonly hasJson: boolean;
  readonly examples: readonly Example[];
  /** What exit status 1 means here. */
  readonly failure: string;
  /**
   * @returns the exit status: 0 or 1
   * @throws UsageError; any other error is exit status 1
   */
  run(args: Arguments, terminal: Terminal): number;
}

/** What was typed can't be meant: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const helpOption: Option = { name: 'help', short: 'h', description: 'Say what the command does.' };
const jsonOption: Option = { name: 'json', description: 'Print JSON.' };

/** All options of a command. */
export function optionsOf({ options, hasJson }: Pick<Command, 'options' | 'hasJson'>): readonly Option[] {
  return [...options, ...(hasJson ? [jsonOption] : []), helpOption];
}

/** `show WHAT [--json]`: how a command is called. */
export function usageOf(command: Command): string {
  const operands = command.operands.map(({ name, isOptional }) => (isOptional ? `[${name}]` : name));
  const options = optionsOf(command)
    .filter(({ name }) => name !== 'help')
    .map(({ name, value }) => `[--${name}${value === undefined ? '' : ` ${value}`}]`);
  const rest = command.rest === undefined ? [] : [`[-- ${command.rest.name}]`];
  return ['cni-bridge', command.name, ...options, ...operands, ...rest].join(' ');
}

/** Text of a string option; undefined where it wasn't given. */
export function textOption({ options }: Arguments, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
