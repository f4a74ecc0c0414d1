import type { Command } from '../command.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from '../facts/facts.ts';
import { join } from '../facts/join.ts';
import { readHost } from '../facts/read.ts';
import { addressReader, formatLeases, formatVlans, shortID, sinceOf } from '../facts/summary.ts';
import { type Cell, cell, formatTable } from '../output/table.ts';
import { formatJson, printable, type Style, type Terminal } from '../output/terminal.ts';
import { ago } from '../output/time.ts';
import { placesOf, placesOptions } from '../places.ts';

const heading = ['CONTAINER', 'POD', 'INTERFACE', 'ADDRESS', 'HOST VETH', 'VLAN', 'SINCE', 'STATE'];

/** What is printed on. */
type Paper = Pick<Terminal, 'style' | 'columns'>;

function row(attachment: AttachmentFacts, addresses: readonly string[], now: number): Cell[] {
  const { containerID, pod, ifname, veth, vlans, faults } = attachment;
  const since = sinceOf(attachment);
  return [
    cell(printable(shortID(containerID)) || '?'),
    cell(printable(pod)),
    cell(printable(ifname) || '?'),
    cell(addresses.join(' ')),
    cell(veth?.name ?? ''),
    cell(formatVlans(vlans)),
    cell(since === undefined ? '' : ago(since, now)),
    faults.length === 0 ? cell('ok', 'green') : cell(printable(faults.join(', ')), 'red'),
  ];
}

function leasesInWords(network: NetworkFacts): string {
  const isKnown = network.capacity !== undefined || network.directories.length > 0;
  return isKnown ? `${formatLeases(network)} leased` : '';
}

function masqueradingInWords({ masquerades, config }: NetworkFacts): string {
  if (config !== undefined && config.ipam === undefined) return 'layer 2 only';
  if (masquerades === undefined) return '';
  return masquerades ? 'masqueraded' : 'not masqueraded';
}

/** The line above a network's attachments. */
export function networkLine(network: NetworkFacts, style: Style): string {
  const { name, bridgeName, bridge, subnets, gateways, faults } = network;
  const bridgeWords =
    bridgeName === ''
      ? 'no bridge known'
      : `bridge ${bridgeName}${bridge === undefined ? ' (not there yet)' : ''}`;
  const words = [
    bridgeWords,
    subnets.join(' '),
    gateways.length === 0 ? '' : `gateway ${gateways.join(' ')}`,
    masqueradingInWords(network),
    network.config?.macspoofchk === true ? 'MACs checked' : '',
    leasesInWords(network),
  ].filter((one) => one !== '');
  const wrong = faults.length === 0 ? '' : `  ${style.red(faults.join(', '))}`;
  return `${style.bold(printable(name))}  ${words.map(printable).join(', ')}${wrong}\n`;
}

function networkText(network: NetworkFacts, { style, columns }: Paper, now: number): string {
  const { attachments, strangeFiles } = network;
  const addressesOf = addressReader(network);
  const rows = attachments.map((one) => row(one, addressesOf(one), now));
  const layout = { indent: '  ', columns, drops: 'HOST VETH', shrinks: 'POD' };
  const table =
    rows.length === 0 ? `  ${style.dim('no attachments')}\n` : formatTable(heading, rows, style, layout);
  const strange = strangeFiles.map(
    ({ file, fault }) => `  ${style.yellow(printable(`${file}: ${fault}`))}\n`,
  );
  return networkLine(network, style) + table + strange.join('');
}

function othersText({ others }: Facts, style: Style): string {
  const { bridges, veths } = others;
  const lines = bridges.map(({ name, index }) => {
    const ports = veths.filter(({ master }) => master === index).map((veth) => veth.name);
    return `  ${name}${ports.length === 0 ? '' : `: ${ports.join(' ')}`}\n`;
  });
  const known = new Set(bridges.map(({ index }) => index));
  const loose = veths.filter(({ master }) => !known.has(master)).map(({ name }) => name);
  if (loose.length > 0) lines.push(`  veths ${loose.join(' ')}\n`);
  return lines.length === 0
    ? ''
    : `${style.dim("others', which cni-bridge never touches")}\n${lines.join('')}`;
}

/** What `list` prints of the facts. @param now milliseconds since 1970 */
export function formatList(facts: Facts, paper: Paper, now: number): string {
  const { style } = paper;
  const { networks, badFiles } = facts;
  const parts = networks.map((network) => networkText(network, paper, now));
  if (networks.length === 0) parts.push('no networks: nothing is attached, and no configuration was found\n');
  const others = othersText(facts, style);
  if (others !== '') parts.push(others);
  if (badFiles.length > 0)
    parts.push(badFiles.map(({ file, fault }) => `${style.red(printable(`${file}: ${fault}`))}\n`).join(''));
  return parts.join('\n');
}

/** Tells what could not be seen, on stderr. */
export function warnOfMissing({ missing }: Facts, terminal: Terminal): void {
  for (const { what, why } of missing) terminal.warn(`not seen: ${what} (${why})`);
}

/** Whether anything is wrong with what is shown. */
function hasFaults({ networks, badFiles }: Facts): boolean {
  return (
    badFiles.length > 0 ||
    networks.some(
      ({ faults, attachments }) => faults.length > 0 || attachments.some((one) => one.faults.length > 0),
    )
  );
}

export const list: Command = {
  name: 'list',
  summary: 'every network and what is attached to it',
  description: [
    'Prints each network with its bridge, subnets, gateway, masquerading and how many of its addresses are leased, and under it each attachment: container, pod, interface, address, the veth on the host, VLANs (t: tagged), since when, and its state: ok, or what is wrong. A terminal that is too narrow has no veths, and then pods without the middle of their names.',
    'Networks are those of the configurations, of the directories of leases, and of the host veths that bear our label.',
  ],
  operands: [{ name: 'NETWORK', isOptional: true, description: 'Only this network.' }],
  options: placesOptions,
  hasJson: true,
  examples: [
    { line: 'cni-bridge list', says: 'all there is' },
    { line: 'cni-bridge list lab-br1 --json', says: 'one network, for a program' },
  ],
  failure: 'something is not ok, or there is no such network.',
  run(args, terminal) {
    const all = join(readHost(placesOf(args)));
    const [wanted] = args.operands;
    const networks = all.networks.filter(({ name }) => wanted === undefined || name === wanted);
    warnOfMissing(all, terminal);
    if (wanted !== undefined && networks.length === 0) {
      terminal.warn(`there is no network "${wanted}"`);
      return 1;
    }
    const facts =
      wanted === undefined ? all : { ...all, networks, badFiles: [], others: { bridges: [], veths: [] } };
    const isJson = args.options.json === true;
    terminal.print(isJson ? formatJson(facts) : formatList(facts, terminal, Date.now()));
    return hasFaults(facts) ? 1 : 0;
  },
};
