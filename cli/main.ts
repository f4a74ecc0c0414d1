import { messageOf } from '../netlink/error.ts';
import { version } from '../package.json';
import { about } from '../plugin/about.ts';
import { nearest } from '../plugin/config/spelling.ts';
import { commands } from './catalogue.ts';
import { type Command, UsageError } from './command.ts';
import { completeWords } from './commands/complete.ts';
import { bashCompletion, zshCompletion } from './completion.ts';
import { commandHelp, generalHelp } from './help.ts';
import { manPage } from './man.ts';
import { openTerminal, type Terminal } from './output/terminal.ts';
import { parseArguments } from './parse-arguments.ts';

const wrongUsage = 2;

/** What is asked for by `make` and by shells; the files are made of the description of the commands. */
const files: Readonly<Record<string, () => string>> = {
  complete: completeWords,
  man: () => manPage(commands, version),
  'completion-bash': () => bashCompletion(commands),
  'completion-zsh': () => zshCompletion(commands),
};

function runCommand(command: Command, words: readonly string[], terminal: Terminal): number {
  const args = parseArguments(command, words);
  if (args.options.help === true) {
    terminal.print(commandHelp(command, terminal));
    return 0;
  }
  return command.run(args, terminal);
}

function unknown(name: string): UsageError {
  const close = nearest(
    name,
    commands.map((command) => command.name),
  );
  const advice = close === undefined ? '`cni-bridge --help` lists what there is' : `did you mean ${close}?`;
  return new UsageError(`there is no command "${name}": ${advice}`);
}

function dispatch(words: readonly string[], terminal: Terminal): number {
  const [name = '--help', ...more] = words;
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return runCommand(command, more, terminal);
  const file = files[name];
  if (name === '--version') terminal.print(`${about('bridge')}\n`);
  else if (name === '--help' || name === '-h' || name === 'help') {
    const of = commands.find((one) => one.name === more[0]);
    terminal.print(of === undefined ? generalHelp(commands, terminal) : commandHelp(of, terminal));
  } else if (file !== undefined) terminal.print(file());
  else throw unknown(name);
  return words.length === 0 ? wrongUsage : 0;
}

/**
 * Does what a person at the node has typed.
 * @param words those after the executable's name
 * @returns the exit status: 0, 1 where something is wrong, 2 for wrong usage
 */
export function cli(words: readonly string[]): number {
  const terminal = openTerminal();
  try {
    return dispatch(words, terminal);
  } catch (error) {
    terminal.warn(`cni-bridge: ${messageOf(error)}`);
    return error instanceof UsageError ? wrongUsage : 1;
  }
}
