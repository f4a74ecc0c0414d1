/**
 * What a parameter of the C half accepts: a 32-bit integer, a longer one, a path, another text, bytes, 32-bit words, or
 * a list of texts.
 */
export type Kind = 'int' | 'integer' | 'path' | 'text' | 'bytes' | 'words' | 'list';

/** Every function of the C half (netlink/libc/quickjs/native.ts), with its parameters. */
export const signatures: Readonly<Record<string, readonly Kind[]>> = {
  open: ['path', 'integer', 'integer'],
  close: ['int'],
  read: ['int', 'bytes'],
  write: ['int', 'bytes'],
  pwrite: ['int', 'bytes', 'integer'],
  fsync: ['int'],
  ftruncate: ['int', 'integer'],
  access: ['path', 'int'],
  link: ['path', 'path'],
  rename: ['path', 'path'],
  unlink: ['path'],
  unlinkat: ['path', 'int'],
  symlink: ['text', 'path'],
  readlink: ['path', 'bytes'],
  fchmod: ['int', 'integer'],
  mkdir: ['path', 'integer'],
  flock: ['int', 'int'],
  setns: ['int', 'int'],
  unshare: ['int'],
  socket: ['int', 'int', 'int'],
  setsockopt: ['int', 'int', 'int', 'bytes'],
  send: ['int', 'bytes', 'int'],
  recv: ['int', 'bytes', 'int'],
  stat: ['int', 'path', 'int'],
  statfs: ['path'],
  names: ['int'],
  sumAddresses: ['int', 'int'],
  utimes: ['path', 'integer', 'integer'],
  readable: ['int', 'int'],
  clock: [],
  random: ['bytes'],
  encode: ['text'],
  decode: ['bytes'],
  textAt: ['bytes', 'int', 'int'],
  hex: ['bytes', 'text'],
  strerror: ['int'],
  argv0: [],
  args: [],
  columns: ['int'],
  signals: [],
  part: [],
  environment: ['text'],
  readHeader: ['bytes', 'int', 'words'],
  indexAttributes: ['bytes', 'words'],
  run: ['path', 'list', 'list', 'bytes', 'integer', 'integer', 'int'],
};

/** A harmless value of each kind: no such descriptor, no such file, no room. */
export function harmless(kind: Kind): unknown {
  if (kind === 'int') return 12345;
  if (kind === 'integer') return 0;
  if (kind === 'bytes') return new Uint8Array(8);
  if (kind === 'words') return new Uint32Array(8);
  if (kind === 'list') return [];
  return kind === 'path' ? '/nowhere/at/all' : 'text';
}

/** Objects that would do harm if they were converted to a number or a text; `sprung` once one was. */
export class Trap {
  sprung = false;

  constructor(private readonly victim: ArrayBuffer) {}

  private spring(): number {
    this.sprung = true;
    this.victim.transfer();
    return 0;
  }

  /** An object that detaches the buffer when it is converted. */
  object(): object {
    return {
      valueOf: () => this.spring(),
      toString: () => String(this.spring()),
      [Symbol.toPrimitive]: () => this.spring(),
      get length() {
        return 8;
      },
    };
  }
}

const never: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  Symbol('symbol'),
  1n,
  {},
  () => 0,
  new Date(0),
];
const noNumber: readonly unknown[] = [
  '',
  '1',
  'text',
  [],
  [1],
  NaN,
  Infinity,
  -Infinity,
  0.5,
  -0.5,
  1e300,
  -1e300,
];
const tooLong: readonly unknown[] = [
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
];
const noText: readonly unknown[] = [0, 1, -1, NaN, [], ['text'], new Uint8Array(8), Object('text')];
const noBytes: readonly unknown[] = [
  ...[0, 8, '', 'text', [], [1, 2], { length: 8 }],
  ...[
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new Int8Array(8),
    new Uint16Array(8),
    new Float64Array(8),
  ],
  ...[Object.create(Uint8Array.prototype), Object.setPrototypeOf([1], Uint8Array.prototype)],
];
const noList: readonly unknown[] = [
  ...[0, 'text', new Uint8Array(8), { length: 1, 0: 'text' }],
  ...[
    [1],
    [undefined],
    [null],
    ['text', {}],
    [Symbol('symbol')],
    ['a\0b'],
    new Array(3),
    new Array(1025).fill('text'),
  ],
  ...[new Array(2 ** 32 - 1), [new Uint8Array(8)]],
];

/** Values of the wrong kind, each of which must throw an exception. */
export function wrong(kind: Kind): readonly unknown[] {
  if (kind === 'int') return [...never, ...noNumber, ...tooLong, new Uint8Array(8)];
  if (kind === 'integer')
    return [...never, ...noNumber, 2 ** 53 + 2, -(2 ** 53) - 2, 2 ** 63, 2 ** 64, new Uint8Array(8)];
  if (kind === 'bytes') return [...never, ...noBytes, new Uint32Array(8)];
  if (kind === 'words') return [...never, ...noBytes, new Uint8Array(8)];
  return [...never, ...(kind === 'list' ? noList : noText)];
}

/** Paths that no file can have. */
export const noPaths: readonly string[] = [
  ...['', '\0', 'a\0', '\0a', '/nowhere\0', `/nowhere/\ud800\0`, 'x'.repeat(5000), '/x'.repeat(100_000)],
  ...['/nowhere/\ud800', '/nowhere/\udc00\ud800', '/nowhere/ÿ', '/nowhere/\uffff'],
];

/** A value as text. */
export function described(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `${Object.prototype.toString.call(value)} of ${value.byteLength}`;
  if (Array.isArray(value)) {
    const items = Array.from({ length: Math.min(value.length, 3) }, (_, at) => described(value[at]));
    return `[${items.join(', ')}${value.length > 3 ? `... ${value.length}` : ''}]`;
  }
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (value instanceof Error) return String(value);
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
