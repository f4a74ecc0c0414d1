/** A view of memory in which all bytes outside the view are watched. */
export interface Watched {
  readonly what: string;
  readonly view: Uint8Array;
  /** Whether its memory has been detached or resized, so that a call may refuse it. */
  readonly isChanged: boolean;
  /** The view's length before that, which may be all that the engine reports. */
  readonly had: number;
  /** Whether a byte outside the view has changed. */
  isDamaged(): boolean;
}

/** The byte that fills the memory. */
const filling = 0xa5;

function watched<T extends ArrayBufferLike>(
  what: string,
  buffer: T,
  [offset, length]: readonly [number, number?],
  change?: (buffer: T) => unknown,
): Watched {
  const view = new Uint8Array(buffer, offset, length);
  const had = view.length;
  const all = new Uint8Array(buffer).fill(filling);
  change?.(buffer);
  return {
    what,
    view,
    isChanged: change !== undefined,
    had,
    isDamaged() {
      // A detached buffer has no length, and methods of an array that is one throw.
      for (let at = 0; at < all.length; at++) {
        const isBeside = at < view.byteOffset || at >= view.byteOffset + view.length;
        if (isBeside && all[at] !== filling) return true;
      }
      return false;
    },
  };
}

/** Views in every state that a view can be in; new ones at each call. */
export function views(): Watched[] {
  const fixed = () => new ArrayBuffer(64);
  const resizable = () => new ArrayBuffer(64, { maxByteLength: 256 });
  return [
    watched('all of a buffer', fixed(), [0]),
    watched('no byte', fixed(), [32, 0]),
    watched('an empty buffer', new ArrayBuffer(0), [0]),
    watched('one byte', fixed(), [32, 1]),
    watched('the middle', fixed(), [16, 8]),
    watched('the end', fixed(), [56, 8]),
    watched('past the end', fixed(), [64]),
    watched('a detached buffer', fixed(), [16, 8], (buffer) => buffer.transfer()),
    watched('a buffer that has become another', fixed(), [16, 8], (buffer) => buffer.transfer(4)),
    watched('a buffer that is too short by now', resizable(), [16, 8], (buffer) => buffer.resize(20)),
    watched('a buffer that ends before the view', resizable(), [16, 8], (buffer) => buffer.resize(8)),
    watched('what is left of a buffer', resizable(), [16], (buffer) => buffer.resize(20)),
    watched('nothing that is left of a buffer', resizable(), [16], (buffer) => buffer.resize(0)),
    watched('a buffer that has grown', resizable(), [16], (buffer) => buffer.resize(256)),
    watched('a buffer that is as long again', resizable(), [16, 8], (buffer) => {
      buffer.resize(0);
      buffer.resize(64);
      new Uint8Array(buffer).fill(filling);
    }),
    watched('shared memory', new SharedArrayBuffer(64), [16, 8]),
  ];
}
