import type { Drawing, Placed } from '../../../../cli/graph/boxes.ts';
import { layOut } from '../../../../cli/graph/layout.ts';
import { measure } from '../../../../cli/graph/measure.ts';
import type { Picture } from '../../../../cli/graph/picture.ts';
import { bridge, crowded, picture, port } from './picture.ts';

function overlaps(a: Placed, b: Placed): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function contains(outer: Pick<Placed, 'x' | 'y' | 'width' | 'height'>, inner: Placed): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function pairs(boxes: readonly Placed[]): [Placed, Placed][] {
  return boxes.flatMap((one, at) => boxes.slice(at + 1).map((other): [Placed, Placed] => [one, other]));
}

/** Whether a wire goes through a box, rather than to its edge. */
function crosses([x1, y1, x2, y2]: Drawing['wires'][number], { x, y, width, height }: Placed): boolean {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  return left < x + width && right > x && top < y + height && bottom > y;
}

const empty = picture([], { uplinks: [] });
const odd = picture([
  bridge([], { lines: [`network ${'n'.repeat(400)}`], vlans: [] }),
  bridge([port({ title: '世界'.repeat(40), addresses: [] })], { passage: '' }),
  ...Array.from({ length: 12 }, (_, at) =>
    bridge([port()], { isOthers: true, passage: at % 2 === 0 ? 'routed' : '' }),
  ),
]);
const uplinks = picture([], {
  uplinks: Array.from({ length: 6 }, () => ({ ...bridge([]), title: 'a-long-name' })),
});

describe.each<[string, Picture]>([
  ...[1, 2, 3].flatMap((networks) =>
    [0, 1, 10, 200].map((containers): [string, Picture] => [
      `${containers} containers on ${networks} networks`,
      crowded(containers, networks),
    ]),
  ),
  ['nothing at all', empty],
  ['long names and many bridges', odd],
  ['uplinks alone', uplinks],
])('the layout of %s', (_what, shown) => {
  const drawing = layOut(shown);
  const frames = drawing.boxes.filter(({ look }) => look === 'frame');
  const boxes = drawing.boxes.filter(({ look }) => look !== 'frame');

  test('has no two boxes that overlap', () => {
    for (const [one, other] of [...pairs(frames), ...pairs(boxes)]) {
      if (overlaps(one, other)) expect({ one, other }).toBe('apart');
    }
    for (const box of boxes) {
      const touched = frames.filter((frame) => overlaps(frame, box));
      expect(touched.every((frame) => contains(frame, box))).toBe(true);
      expect(touched).toHaveLength(box.look === 'host' || box.look === 'uplink' ? 0 : 1);
    }
  });

  test('has every box, wire and caption within its edges', () => {
    const { width, height } = drawing;
    for (const box of drawing.boxes) expect(contains({ x: 0, y: 0, width, height }, box)).toBe(true);
    for (const [x1, y1, x2, y2] of drawing.wires) {
      expect(Math.min(x1, y1, x2, y2)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x1, x2)).toBeLessThanOrEqual(width);
      expect(Math.max(y1, y2)).toBeLessThanOrEqual(height);
    }
    for (const { x, text } of drawing.captions) expect(x + 8 * text.length).toBeLessThanOrEqual(width);
  });

  test('has no wire through a box', () => {
    for (const wire of drawing.wires) expect(boxes.filter((box) => crosses(wire, box))).toEqual([]);
  });

  test('has no text that is wider or higher than its box', () => {
    for (const { lines, width, height } of boxes) {
      for (const { text } of lines) expect(28 + 8 * measure(text)).toBeLessThanOrEqual(width);
      expect(21 + 18 * (lines.length - 1)).toBeLessThan(height);
    }
  });

  test('has a card for every port', () => {
    const ports = shown.bridges.flatMap(({ vlans }) => vlans.flatMap((vlan) => vlan.ports));
    expect(boxes.filter(({ look }) => look === 'card')).toHaveLength(ports.length);
  });
});

test('two hundred containers make a picture that a screen is wide enough for', () => {
  expect(layOut(picture([bridge(Array.from({ length: 200 }, () => port()))])).width).toBeLessThan(1920);
});
