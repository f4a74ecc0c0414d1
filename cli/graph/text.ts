import type { Style } from '../output/terminal.ts';
import { measure, shorten } from './measure.ts';
import { type Box, type Bridge, nowhere, type Picture, type Port, type Vlan, vlanLines } from './picture.ts';

/** The same lines with a terminal and without. */
const drawn = '─│┌┐└┘├┤┬…';
const ascii = '-|+++++++~';

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - measure(text)));
}

/** Prints a picture in lines of at most that many columns. */
class TextPrinter {
  constructor(
    private readonly columns: number,
    private readonly style: Style,
  ) {}

  private set(text: string, { isOthers, faults }: Pick<Box, 'isOthers' | 'faults'>): string {
    if (faults.length > 0) return this.style.red(text);
    return isOthers ? this.style.dim(text) : text;
  }

  /** A box at the host's line; where there are branches, its lower edge has room for them. */
  private box(box: Box, isJoined: boolean, hasBranches: boolean): string[] {
    const { faults } = box;
    const said = [...box.lines, ...faults];
    const texts = (said.length > 0 ? said : ['']).map((text) => shorten(text, this.columns - 8));
    const title = shorten(box.title, this.columns - 10);
    const inner = Math.max(measure(title) + 2, ...texts.map(measure), 16);
    const rest = '─'.repeat(inner - measure(title) - 1);
    const rows = texts.map((text, at) => {
      const words = this.set(pad(text, inner), { ...box, faults: at < box.lines.length ? [] : faults });
      return `${isJoined && at === 0 ? '├──┤' : '│  │'} ${words} │`;
    });
    return [
      `│  ┌─ ${this.style.bold(this.set(title, box))} ${rest}┐`,
      ...rows,
      `│  └─${hasBranches ? '┬' : '─'}${'─'.repeat(inner)}┘`,
    ];
  }

  private ports(ports: readonly Port[], indent: string, hasMore: boolean): string[] {
    const rows = ports.map(({ link, title, ifname, addresses, faults }) => [
      link || '?',
      title,
      ifname,
      [addresses.join(' '), ...faults].filter((text) => text !== '').join('  '),
    ]);
    const widths = [0, 1, 2].map((at) => Math.max(0, ...rows.map((cells) => measure(cells[at] ?? ''))));
    return ports.map((port, at) => {
      const cells = (rows[at] ?? []).map((text, column) => pad(text, widths[column] ?? 0));
      const text = `${cells[0]} ─ ${cells.slice(1).join('  ')}`.trimEnd();
      const branch = at === ports.length - 1 && !hasMore ? '└─ ' : '├─ ';
      return indent + branch + this.set(shorten(text, this.columns - indent.length - 3), port);
    });
  }

  private vlan(vlan: Vlan, isLast: boolean): string[] {
    const indent = '│    ';
    if (vlan.name === '') return this.ports(vlan.ports, indent, !isLast);
    const words = shorten(vlanLines(vlan).join(', '), this.columns - indent.length - 3);
    const [branch, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
    return [indent + branch + this.style.bold(words), ...this.ports(vlan.ports, indent + below, false)];
  }

  private bridge(bridge: Bridge): string[] {
    const { vlans, passage, title } = bridge;
    const kind = title === nowhere ? '' : ` (bridge${passage === '' ? '' : `, ${passage}`})`;
    return [
      ...this.box({ ...bridge, title: title + kind }, passage !== '', vlans.length > 0),
      ...vlans.flatMap((vlan, at) => this.vlan(vlan, at === vlans.length - 1)),
    ];
  }

  print({ host, uplinks, bridges }: Picture): string {
    const parts = [
      ...uplinks.map((box) => this.box({ ...box, title: `${box.title} (uplink)` }, true, false)),
      ...bridges.map((bridge) => this.bridge(bridge)),
    ];
    const lines = parts.flatMap((part) => ['│', ...part]);
    // The host's own line ends at the last box that it leads to.
    const last = lines.findLastIndex((line) => line.startsWith('├'));
    const ended = lines.map((line, at) =>
      at < last ? line : ((at === last ? '└' : ' ') + line.slice(1)).trimEnd(),
    );
    return `${[this.style.bold(host), ...ended].join('\n')}\n`;
  }
}

/** The picture as text: box-drawing letters on a terminal, ASCII without one. @param columns 0 for no terminal */
export function formatText(picture: Picture, columns: number, style: Style): string {
  if (columns > 0) return new TextPrinter(columns, style).print(picture);
  const text = new TextPrinter(Number.POSITIVE_INFINITY, style).print(picture);
  return text
    .replace(/└(?=─ |──┤)/g, '`')
    .replace(/[─│┌┐└┘├┤┬…]/g, (letter) => ascii[drawn.indexOf(letter)] ?? '');
}
