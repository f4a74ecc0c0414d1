import { Canvas, type Content, type Drawing, letter, lettersOf, padding, put, widthOf } from './boxes.ts';
import { type Bridge, portLines, type Vlan, vlanLines } from './picture.ts';

/** Left of a card; between columns, between rows. */
const gap = { rail: 22, column: 12, row: 10 } as const;
/** Widths in letters; more cards than `links` leave the host's link to the tip. */
const cards = { narrowest: 18, widest: 48, leastColumns: 3, links: 60 } as const;
/** A bridge's box is no wider than that for its words, nor for its columns of cards. */
const widest = { words: 1320, cards: 1800 } as const;

function contentsOf({ ports }: Vlan, hasLinks: boolean): Content[] {
  return ports.map((port) => ({
    ...port,
    look: 'card',
    lines: portLines(port),
    dim: hasLinks || port.isOthers ? port.link : '',
    tip: [port.title, port.containerID, ...portLines(port), port.link, ...port.faults]
      .filter((text) => text !== '')
      .join('\n'),
  }));
}

/** How cards stand in columns. */
interface Grid {
  readonly columns: number;
  readonly cardWidth: number;
  /** From a column to the next. */
  readonly pitch: number;
  /** Of all columns, with the rails. */
  readonly width: number;
}

function gridOf(groups: readonly (readonly Content[])[]): Grid {
  const letters = Math.min(cards.widest, Math.max(cards.narrowest, ...groups.flat().map(lettersOf)));
  const cardWidth = 2 * padding + letter * letters;
  const pitch = gap.rail + cardWidth + gap.column;
  const most = Math.max(0, ...groups.map(({ length }) => length));
  const wished = Math.max(cards.leastColumns, Math.ceil(Math.sqrt(most / 2)));
  const possible = Math.max(1, Math.min(wished, Math.floor(widest.cards / pitch)));
  // As many as that many rows fill.
  const columns = most === 0 ? 0 : Math.ceil(most / Math.ceil(most / possible));
  return { columns, cardWidth, pitch, width: Math.max(0, columns * pitch - gap.column) };
}

/** Cards below y, each column on a rail of its own. @returns where the longest column ends */
function layCards(
  canvas: Canvas,
  contents: readonly Content[],
  grid: Grid,
  from: { x: number; y: number },
): number {
  const rows = Math.ceil(contents.length / Math.max(1, grid.columns));
  let lowest = from.y;
  for (let column = 0; column * rows < contents.length; column++) {
    const x = from.x + column * grid.pitch + gap.rail;
    let y = from.y + padding;
    let joint = from.y;
    for (const content of contents.slice(column * rows, (column + 1) * rows)) {
      const card = put({ x, y, width: grid.cardWidth }, content);
      const middle = y + card.height / 2;
      canvas.boxes.push(card);
      canvas.bend(x - gap.rail / 2, joint, x, middle);
      joint = middle;
      lowest = Math.max(lowest, y + card.height);
      y += card.height + gap.row;
    }
  }
  return lowest;
}

/** A part of a drawing, whose own corner is at 0, 0. */
export type Part = Pick<Drawing, 'boxes' | 'wires' | 'width' | 'height'>;

/** A bridge and what is at its ports, in a frame. */
export function layBridge(bridge: Bridge): Part {
  const canvas = new Canvas();
  const count = bridge.vlans.reduce((sum, { ports }) => sum + ports.length, 0);
  const groups = bridge.vlans.map((vlan) => contentsOf(vlan, count <= cards.links));
  const grid = gridOf(groups);
  const gutter = bridge.vlans.some(({ name }) => name !== '') ? gap.rail : 0;
  const head: Content = { ...bridge, look: 'bridge' };
  const heads = bridge.vlans.map(
    (vlan): Content => ({ ...head, title: vlanLines(vlan).join(', '), lines: [], faults: [], look: 'vlan' }),
  );
  const words = Math.max(widthOf(head), ...heads.map((one) => gutter + widthOf(one)));
  const width = Math.max(Math.min(widest.words, words), gutter + grid.width);
  const top = put({ x: padding, y: padding, width }, head);
  canvas.boxes.push(top);
  const left = padding + gutter;
  let y = padding + top.height;
  let joint = y;
  for (const [at, { name }] of bridge.vlans.entries()) {
    const vlan = name === '' ? undefined : heads[at];
    if (vlan !== undefined) {
      const box = put({ x: left, y: y + gap.row, width: width - gutter }, vlan);
      const middle = box.y + box.height / 2;
      canvas.boxes.push(box);
      canvas.bend(padding + gap.rail / 2, joint, left, middle);
      joint = middle;
      y = box.y + box.height;
    }
    y = layCards(canvas, groups[at] ?? [], grid, { x: left, y });
  }
  const size = { width: width + 2 * padding, height: y + padding };
  const frame: Content = { ...bridge, title: '', lines: [], faults: [], look: 'frame' };
  const behind = { ...put({ x: 0, y: 0, width: size.width }, frame, size.height), lines: [] };
  return { ...size, wires: canvas.wires, boxes: [behind, ...canvas.boxes] };
}
