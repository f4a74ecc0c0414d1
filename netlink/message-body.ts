import { libc } from '#libc';
import { align, nestedFlag } from './attribute.ts';
import { putBe32 } from './bytes.ts';

const headerLength = 4;

/** Where bodies are put together; made at the first, and larger for one that needs it. */
let room: Room | undefined;

/** One piece of memory as bytes and as the numbers of both widths that netlink has, in host byte order. */
interface Room {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

function newRoom(length: number): Room {
  const buffer = new ArrayBuffer(length);
  return { bytes: new Uint8Array(buffer), halves: new Uint16Array(buffer), words: new Uint32Array(buffer) };
}

/**
 * What follows a message's header, put together in place: a struct of the protocol's own, then attributes (struct
 * nlattr, linux/netlink.h). Numbers are in host byte order, as rtnetlink has them.
 */
export class MessageBody {
  private length = 0;
  private room: Room;

  /** @param struct the struct's 32-bit words: those of struct ifinfomsg, say */
  constructor(...struct: number[]) {
    room ??= newRoom(2048);
    this.room = room;
    for (const word of struct) {
      this.room.words[this.length >> 2] = word;
      this.length += 4;
    }
  }

  /** Begins an attribute of so many bytes, what is left of its last word zero. @returns where its payload goes */
  private begin(type: number, payload: number): number {
    const at = this.length;
    const end = at + align(headerLength + payload);
    if (end > this.room.bytes.length) this.grow(end);
    const { halves, words } = this.room;
    words[(end >> 2) - 1] = 0;
    halves[at >> 1] = headerLength + payload;
    halves[(at >> 1) + 1] = type;
    this.length = end;
    return at + headerLength;
  }

  private grow(least: number): void {
    const larger = newRoom(2 * align(least));
    larger.bytes.set(this.room.bytes);
    this.room = larger;
    room = larger;
  }

  /** An attribute whose payload is given as it is. */
  bytes(type: number, payload: Uint8Array): this {
    const at = this.begin(type, payload.length);
    this.room.bytes.set(payload, at);
    return this;
  }

  /** An attribute of one byte. */
  u8(type: number, value: number): this {
    const at = this.begin(type, 1);
    this.room.bytes[at] = value;
    return this;
  }

  /** An attribute of 32 bits. */
  u32(type: number, value: number): this {
    const at = this.begin(type, 4);
    this.room.words[at >> 2] = value;
    return this;
  }

  /** An attribute of 32 bits in network byte order, as nf_tables has its numbers. */
  be32(type: number, value: number): this {
    const at = this.begin(type, 4);
    putBe32(this.room.bytes, at, value);
    return this;
  }

  /** An attribute of text, with the NUL that ends it. */
  text(type: number, value: string): this {
    const bytes = libc.encodeText(value);
    const at = this.begin(type, bytes.length + 1);
    this.room.bytes.set(bytes, at);
    return this;
  }

  /** An attribute made of what `write` writes. @param struct the 32-bit words of a struct before its attributes */
  nested(type: number, write: () => void, ...struct: number[]): this {
    const at = this.begin(type | nestedFlag, 4 * struct.length) - headerLength;
    for (let i = 0; i < struct.length; i++) this.room.words[(at >> 2) + 1 + i] = struct[i] ?? 0;
    write();
    this.room.halves[at >> 1] = this.length - at;
    return this;
  }

  /** The whole, as a copy. */
  done(): Uint8Array {
    return this.room.bytes.slice(0, this.length);
  }
}
