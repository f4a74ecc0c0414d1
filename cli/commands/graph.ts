import { readValue } from '../../netlink/file.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { readDefaultRoutes } from '../facts/default-routes.ts';
import { join } from '../facts/join.ts';
import { readHost } from '../facts/read.ts';
import { compose } from '../graph/compose.ts';
import { formatDot, formatMermaid } from '../graph/diagram.ts';
import type { Picture } from '../graph/picture.ts';
import { formatSvg } from '../graph/svg.ts';
import { formatText } from '../graph/text.ts';
import { formatJson, printable, type Terminal } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';
import { warnOfMissing } from './list.ts';

const formats: Readonly<Record<string, (picture: Picture) => string>> = {
  svg: formatSvg,
  mermaid: formatMermaid,
  dot: formatDot,
  json: formatJson,
};

/** How the picture is printed. @throws UsageError where several formats are asked for */
function formatOf({ options }: Arguments, { columns, style }: Terminal): (picture: Picture) => string {
  const [format, other] = Object.keys(formats).filter((name) => options[name] === true);
  if (other !== undefined) throw new UsageError(`graph: --${format} and --${other} can't both be printed`);
  return formats[format ?? ''] ?? ((picture) => formatText(picture, columns, style));
}

export const graph: Command = {
  name: 'graph',
  summary: "a picture of the host's networks",
  description: [
    "Draws the links with default routes, the host, the bridges and what is at their ports: containers with interface and addresses, gateways of VLANs, links of others. What is wrong is red, what is others' is dim.",
    'It is drawn with lines on a terminal, and in ASCII where there is none; --svg, --mermaid and --dot print it for a browser and for documents.',
  ],
  operands: [
    { name: 'NETWORK', isOptional: true, description: 'Only this network, and those that share its bridge.' },
  ],
  options: [
    { name: 'svg', description: 'Print an SVG, for a light or a dark background.' },
    { name: 'mermaid', description: 'Print a Mermaid flowchart, for Markdown.' },
    { name: 'dot', description: 'Print a graph for Graphviz.' },
    ...placesOptions,
  ],
  hasJson: true,
  examples: [
    { line: 'cni-bridge graph', says: 'all there is' },
    { line: 'cni-bridge graph --svg >host.svg', says: 'a file for the browser' },
    { line: 'cni-bridge graph lab-br1 --mermaid', says: 'one network, for Markdown' },
  ],
  failure: 'there is no such network.',
  run(args, terminal) {
    const format = formatOf(args, terminal);
    const raw = readHost(placesOf(args));
    const facts = join(raw);
    warnOfMissing(facts, terminal);
    const host = readValue('/proc/sys/kernel/hostname').trim();
    const picture = compose({ raw, facts, host, defaultRoutes: readDefaultRoutes() });
    const [wanted] = args.operands;
    const bridges = picture.bridges.filter(
      ({ networks }) => wanted === undefined || networks.includes(printable(wanted)),
    );
    if (wanted !== undefined && bridges.length === 0) {
      terminal.warn(`there is no network "${printable(wanted)}"`);
      return 1;
    }
    terminal.print(format({ ...picture, bridges }));
    return 0;
  },
};
