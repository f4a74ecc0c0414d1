import { type Attribute, align, attributeHeader, type Nest } from './attribute.ts';
import { newRoom, type Room } from './room.ts';
import type { Field } from './struct.ts';

/** Where bodies are put together; made at the first, and larger for one that needs it. */
let room: Room | undefined;

/**
 * What follows a message's header, put together in place: a struct of the protocol's own, then attributes (struct
 * nlattr, linux/netlink.h). One at a time: call `done` before the next begins.
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

  /** Begins an attribute of so many bytes, what is left of its last word zero. @returns where its payload goes */
  private begin(type: number, payload: number): number {
    const at = this.length;
    const end = at + align(attributeHeader + payload);
    if (end > this.room.bytes.length) this.grow(end);
    const { halves, words } = this.room;
    words[(end >> 2) - 1] = 0;
    halves[at >> 1] = attributeHeader + payload;
    halves[(at >> 1) + 1] = type;
    this.length = end;
    return at + attributeHeader;
  }

  private grow(least: number): void {
    const larger = newRoom(2 * align(least));
    larger.bytes.set(this.room.bytes);
    this.room = larger;
    room = larger;
  }

  /** A struct of zeros, whose fields are {@link set} next: the body begins with one, or a nested message, or a next hop. */
  struct({ length }: { readonly length: number }): this {
    const at = this.length;
    const end = at + length;
    if (end > this.room.bytes.length) this.grow(end);
    this.room.words.fill(0, at >> 2, end >> 2);
    this.structAt = at;
    this.length = end;
    return this;
  }

  /** A struct as the kernel sent it, with the attributes after it or without. */
  raw(bytes: Uint8Array): this {
    this.struct({ length: align(bytes.length) });
    this.room.bytes.set(bytes, this.structAt);
    return this;
  }

  /** A field of the struct that was begun last. */
  set({ at, format }: Field, value: number): this {
    format.put(this.room, this.structAt + at, value);
    return this;
  }

  /** An attribute; nothing where the value is undefined. */
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

  /** An attribute made of what `write` writes. */
  nested({ flagged }: Nest, write: () => void): this {
    const at = this.begin(flagged, 0) - attributeHeader;
    write();
    this.room.halves[at >> 1] = this.length - at;
    return this;
  }

  /** The whole, as a copy. */
  done(): Uint8Array {
    return this.room.bytes.slice(0, this.length);
  }
}
