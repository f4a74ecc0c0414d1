import arg from 'arg';
import { nearest } from '../plugin/config/spelling.ts';
import { type Arguments, type Command, type Option, optionsOf, UsageError, usageOf } from './command.ts';

/** Each option and its short form, as the parser wants them told. */
function specification(options: readonly Option[]): arg.Spec {
  const spec: Record<string, arg.Handler | string> = {};
  for (const { name, short, value } of options) {
    spec[`--${name}`] = value === undefined ? Boolean : String;
    if (short !== undefined) spec[`-${short}`] = `--${name}`;
  }
  return spec;
}

/**
 * Reads the words after a command's name.
 * @throws UsageError
 */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const end = words.indexOf('--');
  const before = end < 0 ? words : words.slice(0, end);
  const rest = end < 0 ? [] : words.slice(end + 1);
  const { _: operands, ...given } = parseOptions(command, before);
  const options = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.slice(2), value]));
  if (options.help !== true) refuseCount(command, operands, end >= 0);
  return { options, operands, rest };
}

function parseOptions(command: Command, words: readonly string[]): arg.Result<Record<string, arg.Handler>> {
  const options = optionsOf(command);
  try {
    return arg(specification(options), { argv: [...words] });
  } catch (error) {
    if (!(error instanceof arg.ArgError)) throw error;
    const unknown = /unexpected option: (.*)/.exec(error.message)?.[1];
    const names = options.map(({ name }) => `--${name}`);
    const meant = unknown === undefined ? undefined : nearest(unknown, names);
    const advice = meant === undefined ? '' : `: did you mean ${meant}?`;
    throw new UsageError(`${command.name}: ${error.message}${advice}\nusage: ${usageOf(command)}`);
  }
}

function refuseCount(command: Command, operands: readonly string[], hasRest: boolean): void {
  const usage = `usage: ${usageOf(command)}`;
  const needed = command.operands.filter(({ isOptional }) => isOptional !== true);
  const missing = needed[operands.length];
  if (missing !== undefined) throw new UsageError(`${command.name}: ${missing.name} is missing\n${usage}`);
  const extra = operands[command.operands.length];
  if (extra !== undefined) throw new UsageError(`${command.name}: what is "${extra}" for?\n${usage}`);
  if (hasRest && command.rest === undefined)
    throw new UsageError(`${command.name}: nothing may follow after --\n${usage}`);
}
