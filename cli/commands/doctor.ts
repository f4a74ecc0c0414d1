import type { Command } from '../command.ts';
import { diagnose } from '../doctor/diagnose.ts';
import type { Finding } from '../doctor/finding.ts';
import { lookAround } from '../doctor/look.ts';
import { cureWords, mend } from '../doctor/mend.ts';
import type { Missing } from '../facts/raw.ts';
import { formatFields } from '../output/table.ts';
import { formatJson, printable, type Style, type Terminal } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';

/** How many places of a finding are shown; JSON has all. */
const shown = 5;

function shortened(where: readonly string[]): string[] {
  const lines = where.slice(0, where.length > shown + 1 ? shown : where.length).map(printable);
  return lines.length === where.length ? lines : [...lines, `and ${where.length - lines.length} more`];
}

/** What `doctor` prints of its findings. */
export function formatFindings(findings: readonly Finding[], style: Style): string {
  if (findings.length === 0) return `${style.green('nothing found')}\n`;
  return findings
    .map(({ what, where, why, mend: command }) => {
      const fields = [
        ['where', shortened(where)],
        ['why', why],
        ['mend', printable(command)],
      ] as const;
      return `${style.red(printable(what))}\n${formatFields(fields, style, '  ')}`;
    })
    .join('\n');
}

function warnOf(missing: readonly Missing[], terminal: Terminal): void {
  for (const { what, why } of missing) terminal.warn(`not looked at: ${what} (${why})`);
}

export const doctor: Command = {
  name: 'doctor',
  summary: 'why a container does not get out, and what leaked',
  description: [
    'Looks for what keeps containers from working and for what is left of those that are gone, and says of each: what, where, why it matters, and the command that mends it.',
    'With --fix it mends what is ours: leaked leases, veths, map elements and iptables chains, lost masquerading, spoof checks, isolation and forwarding rules, settings and VLANs of ports, the address of a bridge, a bridge that is down. What was leaked is looked at again, with the leases locked, before it is removed. Nothing of others is touched.',
  ],
  operands: [],
  options: [
    ...placesOptions,
    { name: 'fix', description: 'Mend what is ours, saying what is done; then look again.' },
    { name: 'dry-run', description: 'Say what --fix would do, and do nothing.' },
  ],
  hasJson: true,
  examples: [
    { line: 'cni-bridge doctor', says: 'what is wrong?' },
    { line: 'cni-bridge doctor --fix --dry-run', says: 'what would be done about it?' },
  ],
  failure: 'something was found; with --fix, something is left.',
  run(args, terminal) {
    const places = placesOf(args);
    const isJson = args.options.json === true;
    const isDry = args.options['dry-run'] === true;
    let sight = lookAround(places);
    let findings = diagnose(sight);
    const done: string[] = [];
    const cures = findings.flatMap((finding) => finding.cures);
    const begin = (cure: (typeof cures)[number]): void => {
      const words = cureWords(cure);
      done.push(words);
      if (!isJson) terminal.print(`${isDry ? 'would ' : ''}${printable(words)}\n`);
    };
    if (isDry) for (const cure of cures) begin(cure);
    else if (args.options.fix === true && cures.length > 0) {
      mend(cures, places, { begin, warn: (line) => terminal.warn(printable(line)) });
      sight = lookAround(places);
      findings = diagnose(sight);
    }
    const { missing } = sight;
    const report = findings.map(({ cures: own, ...finding }) => ({ ...finding, isFixable: own.length > 0 }));
    if (isJson) terminal.print(formatJson({ [isDry ? 'wouldDo' : 'done']: done, findings: report, missing }));
    else {
      if (done.length > 0) terminal.print('\n');
      terminal.print(formatFindings(findings, terminal.style));
    }
    warnOf(missing, terminal);
    return findings.length === 0 ? 0 : 1;
  },
};
