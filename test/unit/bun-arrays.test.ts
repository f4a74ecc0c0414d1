import fc from 'fast-check';
import { arrayMethods } from '../../netlink/libc/bun-arrays.ts';

const lists = fc.array(fc.oneof(fc.integer(), fc.constant(undefined), fc.string()));

/** A callback's verdict that depends on all that it is given. */
const verdict =
  (seed: number) =>
  (item: unknown, index: number, list: readonly unknown[]): boolean =>
    (String(item).length + index + list.length + seed) % 3 === 0;

test.each(['map', 'filter', 'find', 'findIndex', 'some', 'every'] as const)("%s is the engine's", (name) => {
  fc.assert(
    fc.property(lists, fc.nat(2), (list, seed) => {
      const ours: unknown = Reflect.apply(arrayMethods[name], list, [verdict(seed)]);
      expect(ours).toEqual(Reflect.apply(Array.prototype[name], list, [verdict(seed)]));
    }),
  );
});

test("flatMap is the engine's", () => {
  fc.assert(
    fc.property(lists, fc.array(fc.oneof(fc.integer(), fc.array(fc.integer()))), (list, parts) => {
      const part = (_: unknown, index: number) => parts[index] ?? [index];
      expect(Reflect.apply(arrayMethods.flatMap, list, [part])).toEqual(list.flatMap(part));
    }),
  );
});

test("at is the engine's", () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: -9, max: 9 }), (list, index) => {
      expect(Reflect.apply(arrayMethods.at, list, [index])).toBe(list.at(index));
    }),
  );
});

test('callbacks get the `this` that is given', () => {
  const own = { step: 2 };
  function add(this: typeof own, item: number): number {
    return item + this.step;
  }
  expect(Reflect.apply(arrayMethods.map, [1, 2], [add, own])).toEqual([3, 4]);
});
