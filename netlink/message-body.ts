import { type Attribute, align, attributeHeader, type Nest } from './attribute.ts';
import { newRoom } from './room.ts';
import type { Field } from './struct.ts';

/*
 * The body in the making: the buffer for all bodies, how many bytes it has, how many of them are written, and where the
 * last struct begins. They are the module's, since the engine finds these sooner than an object's fields.
 */
let room = newRoom(2048);
let size = room.bytes.length;
let length = 0;
let structAt = 0;

function grow(): void {
  const larger = newRoom(2 * align(length));
  larger.bytes.set(room.bytes);
  room = larger;
  size = room.bytes.length;
}

/** Begins an attribute of this length, its padding zeroed. @returns where its payload goes */
function begin(type: number, payload: number): number {
  const at = length;
  const filled = attributeHeader + payload;
  // The same as align, but faster inline.
  length = (at + filled + 3) & ~3;
  if (length > size) grow();
  const { words } = room;
  words[(length >> 2) - 1] = 0;
  words[at >> 2] = filled | (type << 16);
  return at + attributeHeader;
}

/**
 * Builds a message's body in place: the protocol's struct, then attributes (struct nlattr, linux/netlink.h). One at a
 * time: call `done` before beginning the next.
 *
 * @example
 * new MessageBody().struct(ifinfomsg).set(ifinfomsg.ifi_index, 3).put(IFLA_MTU, 1400).done();
 */
export class MessageBody {
  constructor() {
    length = 0;
  }

  /**
   * Adds a zeroed struct, whose fields are {@link set} next. A body, a nested message and a next hop begin with one.
   */
  struct(of: { readonly length: number }): this {
    structAt = length;
    length += of.length;
    if (length > size) grow();
    room.words.fill(0, structAt >> 2, length >> 2);
    return this;
  }

  /** Adds a struct as the kernel sent it, with or without the attributes after it. */
  raw(bytes: Uint8Array): this {
    this.struct({ length: align(bytes.length) });
    room.bytes.set(bytes, structAt);
    return this;
  }

  /** Sets a field of the last struct. */
  set({ at, format }: Field, value: number): this {
    format.put(room, structAt + at, value);
    return this;
  }

  /** Adds an attribute; nothing if the value is undefined. */
  put<T>({ type, format }: Attribute<T, unknown>, value: T | undefined): this {
    if (value === undefined) return this;
    if (format.isFixed) {
      const at = begin(type, format.length);
      format.put(room, at, value);
    } else {
      const bytes = format.encode(value);
      const at = begin(type, bytes.length);
      room.bytes.set(bytes, at);
    }
    return this;
  }

  /** Adds a nested attribute with what `write` adds. */
  nested({ flagged }: Nest, write: () => void): this {
    const at = begin(flagged, 0) - attributeHeader;
    write();
    room.halves[at >> 1] = length - at;
    return this;
  }

  /** Returns the body, as a copy. */
  done(): Uint8Array {
    return room.bytes.slice(0, length);
  }
}
