import { libc } from '#libc';
import { readFile } from '../../netlink/file.ts';
import type { Command } from '../command.ts';
import { formatJson, printable, type Style } from '../output/terminal.ts';
import { checkFile, type Finding } from '../validate/check.ts';

const colours = { error: 'red', warning: 'yellow', note: 'dim' } as const;

/** The directories of CNI_PATH, in order. */
export function cniPath(): string[] {
  const { CNI_PATH = '' } = libc.environment('CNI_PATH');
  return (CNI_PATH === '' ? '/opt/cni/bin:/usr/lib/cni' : CNI_PATH).split(':').filter((one) => one !== '');
}

/** A finding as compilers print theirs, so that editors find the place. */
export function findingLine(file: string, { severity, position, text }: Finding, style: Style): string {
  const place = position === undefined ? '' : `:${position.line}:${position.column}`;
  return `${printable(file)}${place}: ${style[colours[severity]](severity)}: ${printable(text)}`;
}

export const validate: Command = {
  name: 'validate',
  summary: 'check a network configuration before a runtime reads it',
  description: [
    'Holds a .conf or .conflist against the schema and against what the plugin does with it: values, contradictions, ranges, keys that nobody knows (with the one that was probably meant), versions, and whether the plugins are in CNI_PATH.',
    'Each finding is a line that begins with file, line and column. Nothing is changed.',
  ],
  operands: [{ name: 'FILE', completes: 'file', description: 'The configuration.' }],
  options: [],
  hasJson: true,
  examples: [{ line: 'cni-bridge validate /etc/cni/net.d/10-lab.conflist', says: 'before it is put to use' }],
  failure: 'there is an error; warnings alone are 0.',
  run(args, terminal) {
    const [file = ''] = args.operands;
    const findings = checkFile({ file, text: readFile(file), cniPath: cniPath() });
    const isRight = findings.every(({ severity }) => severity !== 'error');
    if (args.options.json === true) terminal.print(formatJson({ file, isRight, findings }));
    else {
      terminal.print(findings.map((finding) => `${findingLine(file, finding, terminal.style)}\n`).join(''));
      if (isRight) terminal.print(`${printable(file)}: ${terminal.style.green('ok')}\n`);
    }
    return isRight ? 0 : 1;
  },
};
