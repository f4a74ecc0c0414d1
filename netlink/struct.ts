import type { FixedFormat } from './format.ts';

/** One field of a struct. */
export class Field {
  /**
   * @param at its offset in the struct, in bytes
   * @param format how its value is stored
   */
  constructor(
    readonly at: number,
    readonly format: FixedFormat<number>,
  ) {}

  /** Its value in the struct at `from`; bytes past the end count as 0. */
  get(bytes: Uint8Array, from = 0): number {
    return this.format.get(bytes, from + this.at, bytes.length);
  }
}

/** A struct's fields by the kernel's names, in the kernel's order. */
export type Layout = Readonly<Record<string, FixedFormat<number>>>;

/** A value for each field. */
export type StructValues<L extends Layout> = { readonly [K in keyof L]: number };

/** A struct: its fields, and also the format of an attribute whose payload is such a struct. */
export type Struct<L extends Layout> = { readonly [K in keyof L]: Field } & FixedFormat<StructValues<L>>;

/**
 * Describes a kernel struct, for reading and for writing. The layout is C's: each field aligned to its own length, the
 * whole to 4 bytes.
 *
 * @example
 * const rtnexthop = struct({ rtnh_len: u16, rtnh_flags: u8, rtnh_hops: u8, rtnh_ifindex: s32 });
 * rtnexthop.length; // 8
 * rtnexthop.rtnh_ifindex.get(bytes);
 * new MessageBody().struct(rtnexthop).set(rtnexthop.rtnh_ifindex, 3);
 */
export function struct<L extends Layout>(layout: L): Struct<L> {
  const list: [name: string, field: Field][] = [];
  let end = 0;
  for (const [name, format] of Object.entries(layout)) {
    const at = Math.ceil(end / format.length) * format.length;
    list.push([name, new Field(at, format)]);
    end = at + format.length;
  }
  const fields = Object.fromEntries(list) as { readonly [K in keyof L]: Field };
  const get = (bytes: Uint8Array, at: number) =>
    Object.fromEntries(list.map(([name, field]) => [name, field.get(bytes, at)])) as StructValues<L>;
  return {
    ...fields,
    isFixed: true,
    length: (end + 3) & ~3,
    absent: get(new Uint8Array(), 0),
    get,
    put(room, at, values) {
      for (const [name, field] of list) field.format.put(room, at + field.at, values[name] ?? 0);
    },
  };
}
