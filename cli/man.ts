import { type Command, optionsOf, usageOf } from './command.ts';
import { commonOptions, exitStatuses, optionWords, purpose } from './help.ts';

/** Text as roff(7) takes it: a line can't begin with a control character, `-` is a minus, `\` is `\e`. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return escaped.replace(/^([.'])/gm, '\\&$1');
}

function tagged(tag: string, text: string): string {
  return `.TP\n.B ${roff(tag)}\n${roff(text)}\n`;
}

function commandSection(command: Command): string {
  const words = [...command.operands, ...(command.rest === undefined ? [] : [command.rest])];
  return [
    `.SS ${roff(command.name)}: ${roff(command.summary)}\n`,
    `.PP\n.B ${roff(usageOf(command))}\n`,
    ...command.description.map((paragraph) => `.PP\n${roff(paragraph)}\n`),
    ...words.map(({ name, description }) => tagged(name, description)),
    ...optionsOf(command).map((option) => tagged(optionWords(option), option.description)),
    `.PP\nExit status 1: ${roff(command.failure)}\n`,
    ...command.examples.map(
      ({ line, says }) =>
        `.PP\n${roff(says)}${says.endsWith('?') ? '' : ':'}\n.PP\n.RS\n.B ${roff(line)}\n.RE\n`,
    ),
  ].join('');
}

/** The man page cni-bridge(8). */
export function manPage(commands: readonly Command[], version: string): string {
  return [
    `.TH CNI\\-BRIDGE 8 "" "cni\\-bridge ${roff(version)}"\n`,
    `.SH NAME\ncni\\-bridge \\- ${roff(purpose)}\n`,
    '.SH SYNOPSIS\n.B cni\\-bridge\n.I COMMAND\n.RI [ ARGUMENT ...]\n',
    '.SH DESCRIPTION\n',
    roff(
      'The executable of the CNI plugin bridge, called by the name cni-bridge or with arguments, tells a person what it has connected. It keeps no state of its own: all is read from the kernel, the directories of leases and the configurations. Without root it says what it could not see and shows the rest.',
    ),
    '\n.SH OPTIONS\n',
    ...commonOptions.map((option) => tagged(optionWords(option), option.description)),
    '.SH COMMANDS\n',
    ...commands.map(commandSection),
    '.SH EXIT STATUS\n',
    ...exitStatuses.map(([status, meaning]) => tagged(status, meaning)),
    '.SH ENVIRONMENT\n',
    tagged('NO_COLOR', 'If set and not empty, nothing is coloured. Nothing ever is but on a terminal.'),
    tagged('CNI_PATH', 'Where plugins are looked for; /opt/cni/bin:/usr/lib/cni by default.'),
    '.SH FILES\n',
    tagged('/etc/cni/net.d', 'Network configurations.'),
    tagged(
      '/var/lib/cni/networks',
      "Directories of leases, unless a configuration's dataDir says otherwise.",
    ),
  ].join('');
}
