import { measure, shorten } from './measure.ts';
import type { Box } from './picture.ts';

export type Look = 'host' | 'uplink' | 'bridge' | 'vlan' | 'card' | 'frame';

/** A line of text in a box. */
export interface Line {
  readonly text: string;
  readonly look: 'title' | 'plain' | 'dim' | 'fault';
}

/** A box where it stands, in pixels. */
export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
  readonly lines: readonly Line[];
  readonly isOthers: boolean;
  readonly isWrong: boolean;
  /** All that it is, nothing cut. */
  readonly tip: string;
}

/** Words beside a wire, from its left end on the baseline. */
export interface Caption {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** A picture with every place known. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Boxes in frames; a frame is behind what is in it. */
  readonly boxes: readonly Placed[];
  /** From x, y to x, y, one of which stays the same. */
  readonly wires: readonly (readonly [number, number, number, number])[];
  readonly captions: readonly Caption[];
}

/** A letter's width at 13 pixels, as titles are; fonts of one width have 0.55 to 0.61 of their size. */
export const letter = 8;
const lineHeight = 18;
export const padding = 14;

/** A box and what is in it, before it has a place. */
export interface Content extends Box {
  readonly look: Look;
  readonly dim?: string;
  readonly tip?: string;
}

/** Said at the right of the title. */
export function kindOf({ look }: Pick<Content, 'look'>): string {
  return look === 'host' || look === 'uplink' ? look : '';
}

function linesOf({ title, lines, faults, dim = '' }: Content): Line[] {
  return [
    { text: title, look: 'title' },
    ...lines.map((text): Line => ({ text, look: 'plain' })),
    ...(dim === '' ? [] : [{ text: dim, look: 'dim' } as const]),
    ...faults.map((text): Line => ({ text, look: 'fault' })),
  ];
}

/** How many letters of a title's line the kind takes. */
function kindLetters(content: Content): number {
  const { length } = kindOf(content);
  return length === 0 ? 0 : length + 2;
}

/** How many letters the widest line of a box takes. */
export function lettersOf(content: Content): number {
  const [title = 0, ...rest] = linesOf(content).map(({ text }) => measure(text));
  return Math.max(title + kindLetters(content), ...rest);
}

/** How wide a box is that cuts nothing. */
export function widthOf(content: Content): number {
  return 2 * padding + letter * lettersOf(content);
}

export function heightOf(content: Content): number {
  return 16 + lineHeight * linesOf(content).length;
}

type Place = Pick<Placed, 'x' | 'y' | 'width'>;

/** Puts a box where it goes, as high as it has to be; what its width is too small for is cut. */
export function put(place: Place, content: Content, height = heightOf(content)): Placed {
  const room = Math.floor((place.width - 2 * padding) / letter);
  const lines = linesOf(content);
  return {
    ...place,
    height,
    look: content.look,
    lines: lines.map(({ text, look }, at) => ({
      text: shorten(text, at === 0 ? room - kindLetters(content) : room),
      look,
    })),
    isOthers: content.isOthers,
    isWrong: content.faults.length > 0,
    tip: content.tip ?? lines.map(({ text }) => text).join('\n'),
  };
}

/** Where things are put. */
export class Canvas {
  readonly boxes: Placed[] = [];
  readonly wires: [number, number, number, number][] = [];
  readonly captions: Caption[] = [];

  /** A wire down, then to the right. */
  bend(x: number, y: number, toX: number, toY: number): void {
    this.wires.push([x, y, x, toY], [x, toY, toX, toY]);
  }

  take({ boxes, wires }: Pick<Drawing, 'boxes' | 'wires'>, x: number, y: number): void {
    for (const box of boxes) this.boxes.push({ ...box, x: box.x + x, y: box.y + y });
    for (const [x1, y1, x2, y2] of wires) this.wires.push([x1 + x, y1 + y, x2 + x, y2 + y]);
  }
}
