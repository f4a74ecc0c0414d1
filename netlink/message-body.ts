import { type Attribute, align, attributeHeader, type Nest } from './attribute.ts';
import { newRoom, type Room } from './room.ts';
import type { Field } from './struct.ts';

/** The buffer for bodies; created on first use, and again when one needs more. */
let room: Room | undefined;

/**
 * Builds a message's body in place: the protocol's struct, then attributes (struct nlattr, linux/netlink.h). One at a
 * time: call `done` before beginning the next.
 *
 * @example
 * new MessageBody().struct(ifinfomsg).set(ifinfomsg.ifi_index, 3).put(IFLA_MTU, 1400).done();
 */
export class MessageBody {
  private length = 0;
  private structAt = 0;
  private room: Room;

  constructor() {
    room ??= newRoom(2048);
    this.room = room;
  }

  /** Begins an attribute of this length, its padding zeroed. @returns where its payload goes */
  private begin(type: number, payload: number): number {
    const at = this.length;
    const filled = attributeHeader + payload;
    // As align does; a call takes longer.
    const end = (at + filled + 3) & ~3;
    if (end > this.room.bytes.length) this.grow(end);
    const { words } = this.room;
    words[(end >> 2) - 1] = 0;
    words[at >> 2] = filled | (type << 16);
    this.length = end;
    return at + attributeHeader;
  }

  private grow(least: number): void {
    const larger = newRoom(2 * align(least));
    larger.bytes.set(this.room.bytes);
    this.room = larger;
    room = larger;
  }

  /**
   * Adds a zeroed struct, whose fields are {@link set} next. A body, a nested message and a next hop begin with one.
   */
  struct({ length }: { readonly length: number }): this {
    const at = this.length;
    const end = at + length;
    if (end > this.room.bytes.length) this.grow(end);
    this.room.words.fill(0, at >> 2, end >> 2);
    this.structAt = at;
    this.length = end;
    return this;
  }

  /** Adds a struct as the kernel sent it, with or without the attributes after it. */
  raw(bytes: Uint8Array): this {
    this.struct({ length: align(bytes.length) });
    this.room.bytes.set(bytes, this.structAt);
    return this;
  }

  /** Sets a field of the last struct. */
  set({ at, format }: Field, value: number): this {
    format.put(this.room, this.structAt + at, value);
    return this;
  }

  /** Adds an attribute; nothing if the value is undefined. */
  put<T>({ type, format }: Attribute<T, unknown>, value: T | undefined): this {
    if (value === undefined) return this;
    if (format.isFixed) {
      const at = this.begin(type, format.length);
      format.put(this.room, at, value);
    } else {
      const bytes = format.encode(value);
      const at = this.begin(type, bytes.length);
      this.room.bytes.set(bytes, at);
    }
    return this;
  }

  /** Adds a nested attribute with what `write` adds. */
  nested({ flagged }: Nest, write: () => void): this {
    const at = this.begin(flagged, 0) - attributeHeader;
    write();
    this.room.halves[at >> 1] = this.length - at;
    return this;
  }

  /** Returns the body, as a copy. */
  done(): Uint8Array {
    return this.room.bytes.slice(0, this.length);
  }
}
