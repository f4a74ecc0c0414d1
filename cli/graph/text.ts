import type { Style } from '../output/terminal.ts';
import { measure, shorten } from './measure.ts';
import { type Box, type Bridge, nowhere, type Picture, type Port, type Vlan, vlanLines } from './picture.ts';

/** Letters that lines are made of: across, down, the corners and the branches. */
interface Lines {
  readonly across: string;
  readonly down: string;
  /** Top left, top right, bottom left, bottom right. */
  readonly corners: readonly [string, string, string, string];
  /** To the right; the last one to the right; to the left, into a box; downwards, out of a box. */
  readonly branches: readonly [string, string, string, string];
  readonly cut: string;
}

const ascii: Lines = {
  across: '-',
  down: '|',
  corners: ['+', '+', '+', '+'],
  branches: ['+', '`', '+', '+'],
  cut: '~',
};
const drawn: Lines = {
  across: '─',
  down: '│',
  corners: ['┌', '┐', '└', '┘'],
  branches: ['├', '└', '┤', '┬'],
  cut: '…',
};

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - measure(text)));
}

/** Prints a picture on a terminal that wide, or without one: 0. */
class TextPrinter {
  private readonly lines: Lines;
  private readonly width: number;

  constructor(
    columns: number,
    private readonly style: Style,
  ) {
    this.lines = columns > 0 ? drawn : ascii;
    this.width = columns > 0 ? columns : Number.POSITIVE_INFINITY;
  }

  private set(text: string, { isOthers, faults }: Pick<Box, 'isOthers' | 'faults'>): string {
    if (faults.length > 0) return this.style.red(text);
    return isOthers ? this.style.dim(text) : text;
  }

  /** A box; where there are branches, its lower edge has room for them. */
  private box(box: Box, isJoined: boolean, hasBranches: boolean): string[] {
    const { across, down, corners, branches, cut } = this.lines;
    const said = [...box.lines, ...box.faults];
    const texts = (said.length > 0 ? said : ['']).map((text) => shorten(text, this.width - 8, cut));
    const title = shorten(box.title, this.width - 10, cut);
    const inner = Math.max(measure(title) + 2, ...texts.map(measure), 16);
    const rest = across.repeat(inner - measure(title) - 1);
    const foot = hasBranches ? across + branches[3] + across.repeat(inner) : across.repeat(inner + 2);
    const rows = texts.map((text) => {
      const words = box.faults.includes(text) ? this.style.red(text) : this.set(text, { ...box, faults: [] });
      return `${down} ${words}${' '.repeat(inner - measure(text))} ${down}`;
    });
    const all = [
      `${corners[0]}${across} ${this.style.bold(this.set(title, box))} ${rest}${corners[1]}`,
      ...rows,
      `${corners[2]}${foot}${corners[3]}`,
    ];
    const joint = `${branches[0]}${across}${across}${branches[2]}`;
    return all.map((line, at) => (isJoined && at === 1 ? joint + line.slice(1) : `${down}  ${line}`));
  }

  private ports(ports: readonly Port[], indent: string, hasMore: boolean): string[] {
    const { across, branches } = this.lines;
    const columns = ports.map(({ link, title, ifname, addresses, faults }) => [
      link || '?',
      title,
      ifname,
      [addresses.join(' '), ...faults].join('  ').trim(),
    ]);
    const widths = [0, 1, 2].map((at) => Math.max(0, ...columns.map((cells) => measure(cells[at] ?? ''))));
    return ports.map((port, at) => {
      const cells = (columns[at] ?? []).map((text, column) => pad(text, widths[column] ?? 0));
      const branch = branches[at === ports.length - 1 && !hasMore ? 1 : 0];
      const lead = `${indent}${branch}${across} `;
      const [link = '', ...rest] = cells;
      const row = `${link} ${across} ${rest.join('  ')}`.trimEnd();
      return lead + this.set(shorten(row, this.width - measure(lead), this.lines.cut), port);
    });
  }

  private vlan(vlan: Vlan, indent: string, isLast: boolean): string[] {
    if (vlan.name === '') return this.ports(vlan.ports, indent, !isLast);
    const { across, branches, down } = this.lines;
    const lead = `${indent}${branches[isLast ? 1 : 0]}${across} `;
    const words = shorten(vlanLines(vlan).join(', '), this.width - measure(lead), this.lines.cut);
    const below = `${indent}${isLast ? ' ' : down}  `;
    return [lead + this.style.bold(words), ...this.ports(vlan.ports, below, false)];
  }

  private bridge(bridge: Bridge): string[] {
    const { vlans, passage, title } = bridge;
    const kind = [...(title === nowhere ? [] : ['bridge']), ...(passage === '' ? [] : [passage])].join(', ');
    const box = { ...bridge, title: kind === '' ? title : `${title} (${kind})` };
    const indent = `${this.lines.down}    `;
    return [
      ...this.box(box, passage !== '', vlans.length > 0),
      ...vlans.flatMap((vlan, at) => this.vlan(vlan, indent, at === vlans.length - 1)),
    ];
  }

  print({ host, uplinks, bridges }: Picture): string {
    const { down, branches } = this.lines;
    const parts = [
      ...uplinks.map((box) => this.box({ ...box, title: `${box.title} (uplink)` }, true, false)),
      ...bridges.map((bridge) => this.bridge(bridge)),
    ];
    const lines = parts.flatMap((part) => [down, ...part]);
    // The host's own line ends at the last box that it leads to.
    const last = lines.findLastIndex((line) => line.startsWith(branches[0]));
    const ended = lines.map((line, at) => {
      if (at < last) return line;
      return ((at === last ? branches[1] : ' ') + line.slice(1)).trimEnd();
    });
    return `${[this.style.bold(host), ...ended].join('\n')}\n`;
  }
}

/** The picture as text: box-drawing letters on a terminal, ASCII without one. @param columns 0 for no terminal */
export function formatText(picture: Picture, columns: number, style: Style): string {
  return new TextPrinter(columns, style).print(picture);
}
