import { Canvas, type Content, type Drawing, heightOf, padding, put, widthOf } from './boxes.ts';
import { layBridge, type Part } from './layout-bridge.ts';
import type { Bridge, Picture } from './picture.ts';

const margin = 24;
/** Above a shelf of bridges; left of shelves that a wire passes by. */
const gap = { shelf: 46, trunk: 22 } as const;
/** Shelves are that wide, unless one bridge is wider. */
const shelfWidth = 1320;

/** A bridge with everything in it where it stands, seen from the frame's corner. */
interface Laid {
  readonly bridge: Bridge;
  readonly drawing: Part;
}

/** Bridges side by side, as many as there is room for, then the next ones below. */
function shelvesOf(bridges: readonly Bridge[]): Laid[][] {
  const laid = bridges.map((bridge) => ({ bridge, drawing: layBridge(bridge) }));
  const widest = Math.max(shelfWidth, ...laid.map(({ drawing }) => drawing.width));
  const shelves: Laid[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const one of laid) {
    used += margin + one.drawing.width;
    if (used > widest) {
      shelves.push([]);
      used = one.drawing.width;
    }
    shelves.at(-1)?.push(one);
  }
  return shelves;
}

function widthOfAll(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + margin, -margin);
}

/** Uplinks in the middle above the host's box, which is as wide as all. @returns where that ends */
function layTop(canvas: Canvas, { host, uplinks }: Picture, width: number): number {
  const tops = uplinks.map((box): Content => ({ ...box, look: 'uplink' }));
  const tallest = Math.max(0, ...tops.map(heightOf));
  const y = margin + (tallest === 0 ? 0 : tallest + gap.shelf / 2);
  let x = margin + Math.max(0, width - widthOfAll(tops.map(widthOf))) / 2;
  for (const top of tops) {
    const box = put({ x, y: margin, width: widthOf(top) }, top, tallest);
    canvas.boxes.push(box);
    canvas.wires.push([x + box.width / 2, margin + tallest, x + box.width / 2, y]);
    x += box.width + margin;
  }
  const box = put({ x: margin, y, width }, hostContent(host));
  canvas.boxes.push(box);
  return y + box.height;
}

function hostContent(title: string): Content {
  return { title, lines: [], faults: [], isOthers: false, look: 'host' };
}

/** One shelf: wires come down from the bus to the bridges that the host passes packets of. @returns how far the bus reaches */
function layShelf(
  canvas: Canvas,
  shelf: readonly Laid[],
  from: { x: number; y: number },
  bus: number,
): number {
  let { x } = from;
  let reach = 0;
  for (const { bridge, drawing } of shelf) {
    canvas.take(drawing, x, from.y);
    if (bridge.passage !== '') {
      reach = x + drawing.width / 2;
      canvas.wires.push([reach, bus, reach, from.y + padding]);
      canvas.captions.push({ x: reach + 8, y: from.y - 8, text: bridge.passage });
    }
    x += drawing.width + margin;
  }
  return reach;
}

/** Finds a place for everything: uplinks above, then the host, below it the bridges. */
export function layOut(picture: Picture): Drawing {
  const canvas = new Canvas();
  const shelves = shelvesOf(picture.bridges);
  const later = shelves.slice(1).flat();
  const left = later.some(({ bridge }) => bridge.passage !== '') ? gap.trunk : 0;
  const width = Math.max(
    widthOf(hostContent(picture.host)),
    widthOfAll(picture.uplinks.map((box) => widthOf({ ...box, look: 'uplink' }))),
    ...shelves.map((shelf) => left + widthOfAll(shelf.map(({ drawing }) => drawing.width))),
  );
  const host = layTop(canvas, picture, width);
  let y = host;
  for (const [at, shelf] of shelves.entries()) {
    const bus = at === 0 ? host : y + gap.shelf / 2;
    y += gap.shelf;
    const reach = layShelf(canvas, shelf, { x: margin + left, y }, bus);
    if (at > 0 && reach > 0) canvas.bend(margin + padding / 2, host, reach, bus);
    y += Math.max(...shelf.map(({ drawing }) => drawing.height));
  }
  return { width: width + 2 * margin, height: y + margin, ...canvas };
}
