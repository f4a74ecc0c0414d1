import { type Arguments, type Command, textOption } from '../command.ts';
import { readConfigurations } from '../facts/configurations.ts';
import { shortID } from '../facts/summary.ts';
import { type Entry, linesOf, parseEntry } from '../logs/entries.ts';
import { type Cell, cell, formatTable } from '../output/table.ts';
import { printable, type Style, type Terminal } from '../output/terminal.ts';
import { clockTime } from '../output/time.ts';
import { confDirOption, placesOf } from '../places.ts';

const heading = ['TIME (UTC)', 'COMMAND', 'NETWORK', 'CONTAINER', 'INTERFACE', 'MS', 'SLOWEST', 'OUTCOME'];

/** An entry, and the line that it was read from. */
interface Logged {
  readonly entry: Entry;
  readonly line: string;
}

/** Files to read, and which of their entries are wanted. */
interface Search {
  readonly files: readonly string[];
  isWanted(entry: Entry): boolean;
}

function milliseconds(ms: number): string {
  return ms.toFixed(1);
}

function outcome({ error, addresses, warnings }: Entry): Cell {
  if (error !== '') return cell(printable(error), 'red');
  const words = [addresses.join(' ') || 'ok', ...warnings].map(printable).join('; ');
  return warnings.length === 0 ? cell(words) : cell(words, 'yellow');
}

/** What `logs` prints of the entries. A network or an interface that is the same in all has no column. */
export function formatEntries(entries: readonly Entry[], style: Style): string {
  const networks = new Set(entries.map(({ network }) => network));
  const isPlain = entries.every(({ ifname }) => ifname === '' || ifname === 'eth0');
  const widest = Math.max(...entries.map(({ ms }) => milliseconds(ms).length));
  const rows = entries.map((entry) => {
    const { time, command, network, container, ifname, ms, slowest } = entry;
    return [
      cell(clockTime(time)),
      cell(printable(command)),
      cell(networks.size === 1 ? '' : printable(network)),
      cell(printable(shortID(container))),
      cell(isPlain ? '' : printable(ifname)),
      cell(milliseconds(ms).padStart(widest)),
      cell(slowest === undefined ? '' : `${printable(slowest.name)} ${milliseconds(slowest.ms)}`),
      outcome(entry),
    ];
  });
  return formatTable(heading, rows, style);
}

function read({ files, isWanted }: Search, terminal: Terminal): Logged[] {
  return files.flatMap((file) => {
    const found: Logged[] = [];
    let strange = 0;
    for (const line of linesOf(file)) {
      const entry = parseEntry(line);
      if (entry === undefined) strange++;
      else if (isWanted(entry)) found.push({ entry, line });
    }
    if (strange > 0) terminal.warn(`${printable(file)}: lines that are not about a call: ${strange}`);
    return found;
  });
}

/** @throws Error where nothing says which file is meant */
function searchOf(args: Arguments): Search {
  const [wanted] = args.operands;
  const container = textOption(args, 'container') ?? '';
  const fits = ({ container: id, error }: Entry): boolean =>
    id.startsWith(container) && (args.options.failed !== true || error !== '');
  if (wanted?.includes('/') === true) return { files: [wanted], isWanted: fits };
  const { confDir } = placesOf(args);
  const all = readConfigurations(confDir);
  const own = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (wanted !== undefined && own.length === 0)
    throw new Error(
      `there is no network "${printable(wanted)}" in ${confDir}; a file is named with a slash: ./FILE`,
    );
  const files = new Set(own.flatMap(({ config }) => config?.debug ?? []));
  if (files.size === 0)
    throw new Error(
      `${wanted === undefined ? `no network in ${confDir} has` : `${wanted} has no`} "debug": "/var/log/cni-bridge.log"`,
    );
  return {
    files: [...files],
    isWanted: (entry) => fits(entry) && (wanted === undefined || entry.network === wanted),
  };
}

export const logs: Command = {
  name: 'logs',
  summary: 'the calls of the plugin, from the file that "debug" names',
  description: [
    'A network whose configuration has "debug": "/var/log/cni-bridge.log" has a line there about each call: when, for which container, how long it took, and what came of it. This prints them, the oldest first, with the phase of each that took longest: namespaces, veth, netfilter, ipam, container, gateway, answer, undo.',
    'WHAT is a network or, with a slash in it, a file; without it, all networks. How long a call took does not count its start and the reading of its configuration.',
  ],
  operands: [{ name: 'WHAT', isOptional: true, completes: 'file', description: 'A network or a file.' }],
  options: [
    {
      name: 'container',
      value: 'ID',
      description: 'Only of this container; the beginning of its ID will do.',
    },
    { name: 'failed', description: 'Only calls that failed.' },
    confDirOption,
  ],
  hasJson: true,
  examples: [
    { line: 'cni-bridge logs', says: 'all there is' },
    { line: 'cni-bridge logs lab-br1 --failed', says: 'what went wrong on a network' },
    { line: 'cni-bridge logs --container 3f2a --json', says: 'all of one container, for a program' },
    { line: 'cni-bridge logs /var/log/cni-bridge.log.1', says: 'what was rotated away' },
  ],
  failure: 'there is no such network or file.',
  run(args, terminal) {
    const found = read(searchOf(args), terminal);
    // Lines are in the order in which calls ended.
    found.sort((a, b) => a.entry.time - b.entry.time);
    if (args.options.json === true) terminal.print(found.map(({ line }) => `${line}\n`).join(''));
    else if (found.length === 0) terminal.warn('no such call');
    else
      terminal.print(
        formatEntries(
          found.map(({ entry }) => entry),
          terminal.style,
        ),
      );
    return 0;
  },
};
