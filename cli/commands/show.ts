import { type Command, UsageError } from '../command.ts';
import { type Details, portOfMac, readDetails } from '../facts/details.ts';
import type { Facts } from '../facts/facts.ts';
import { findMatches, isOneThing, type Match } from '../facts/find.ts';
import { join } from '../facts/join.ts';
import { readHost } from '../facts/read.ts';
import { addressesOf, shortID } from '../facts/summary.ts';
import { formatAttachment, formatNetwork } from '../output/page.ts';
import { formatJson, printable, type Style, type Terminal } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';
import { warnOfMissing } from './list.ts';

/** A match in a line. */
function inWords(match: Match): string {
  if (match.kind === 'network') return `network ${match.network.name}`;
  if (match.kind === 'other') return `${match.link.kind} ${match.link.name}, which is others'`;
  const { attachment, network } = match;
  const { containerID, ifname, pod, veth } = attachment;
  const words = [
    `container ${shortID(containerID)}`,
    pod,
    ifname,
    ...addressesOf(attachment, network),
    veth?.name,
  ];
  return `${words.filter((word) => word).join(' ')} on ${network.name}`;
}

/** What a MAC address stands for that no link of the host has: a container's own, which its bridge knows. */
function findByMac(facts: Facts, word: string): Match[] {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(word)) return [];
  const port = portOfMac(facts, word);
  const veth = facts.networks
    .flatMap(({ attachments }) => attachments)
    .find((one) => one.veth?.index === port);
  return veth?.veth === undefined ? [] : findMatches(facts, veth.veth.name);
}

function details(match: Match): Details | undefined {
  return match.kind === 'attachment' ? readDetails(match.attachment) : undefined;
}

function page(match: Match, style: Style): string {
  if (match.kind === 'network') return formatNetwork(match.network, style);
  if (match.kind === 'other') return `${inWords(match)}: cni-bridge never touches it\n`;
  return formatAttachment({ ...match, details: readDetails(match.attachment) }, style, Date.now());
}

function tellAmbiguous(word: string, matches: readonly Match[], terminal: Terminal): void {
  terminal.warn(`"${printable(word)}" could be`);
  const most = 20;
  for (const match of matches.slice(0, most)) terminal.warn(`  ${printable(inWords(match))}`);
  if (matches.length > most) terminal.warn(`  and ${matches.length - most} more`);
}

export const show: Command = {
  name: 'show',
  summary: 'all that is known of one thing, in one page',
  description: [
    'WHAT is the ID of a container or its beginning, the name of a pod (with its namespace or without), an IP address, a MAC address of either end of a veth, the name of a host veth, of a bridge or of a network.',
    'Of an attachment it prints both ends of the veth, addresses and routes in the container, the processes there, the lease, the masquerading and the counters. Where WHAT could be several things it says which.',
  ],
  operands: [{ name: 'WHAT', completes: 'attachment', description: 'What to show.' }],
  options: placesOptions,
  hasJson: true,
  examples: [
    { line: 'cni-bridge show 3f2a', says: 'the container whose ID begins so' },
    { line: 'cni-bridge show 10.15.20.7', says: 'whoever has the address' },
    { line: 'cni-bridge show default/web-0 --json', says: 'a pod, for a program' },
  ],
  failure: 'there is no such thing, or there are several.',
  run(args, terminal) {
    const [word = ''] = args.operands;
    if (word === '') throw new UsageError('show: WHAT is empty');
    const facts = join(readHost(placesOf(args)));
    warnOfMissing(facts, terminal);
    const direct = findMatches(facts, word);
    const matches = direct.length > 0 ? direct : findByMac(facts, word);
    if (matches.length === 0) {
      terminal.warn(`nothing here is "${printable(word)}"`);
      return 1;
    }
    if (!isOneThing(matches, word)) {
      tellAmbiguous(word, matches, terminal);
      return 1;
    }
    terminal.print(
      args.options.json === true
        ? formatJson(matches.map((match) => ({ ...match, details: details(match) })))
        : matches.map((match) => page(match, terminal.style)).join('\n'),
    );
    return 0;
  },
};
