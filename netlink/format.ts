import { libc } from '#libc';
import { getBe16, getBe32, getU16, getU32, putBe16, putBe32, textAt } from './bytes.ts';
import { type IP, ipBytes, ipOfBytes } from './ip.ts';
import { formatMac, macBytes } from './mac.ts';
import type { Room } from './room.ts';

/** The format of a value with a fixed number of bytes: a field of a struct, or an attribute's payload. */
export interface FixedFormat<T> {
  readonly isFixed: true;
  /** In bytes. */
  readonly length: number;
  /** The value of a missing or too short attribute. */
  readonly absent: T;
  get(bytes: Uint8Array, at: number, end: number): T;
  put(room: Room, at: number, value: T): void;
}

/** The format of a value with any number of bytes, which is the attribute's payload. */
export interface FreeFormat<T, R = T> {
  readonly isFixed: false;
  readonly length: 0;
  /** The value of a missing attribute. */
  readonly absent: R;
  get(bytes: Uint8Array, at: number, end: number): R;
  encode(value: T): Uint8Array;
}

/** The format of values written as type T and read as R. */
export type Format<T, R = T> = FixedFormat<T> | FreeFormat<T, R>;

function number(
  length: number,
  get: FixedFormat<number>['get'],
  put: FixedFormat<number>['put'],
): FixedFormat<number> {
  return { isFixed: true, length, absent: 0, get, put };
}

function putWord(room: Room, at: number, value: number): void {
  room.words[at >> 2] = value;
}

/** One byte. */
export const u8 = number(
  1,
  (bytes, at) => bytes[at] ?? 0,
  (room, at, value) => {
    room.bytes[at] = value;
  },
);
/** 16 bits in host byte order. */
export const u16 = number(2, getU16, (room, at, value) => {
  room.halves[at >> 1] = value;
});
/** 32 bits in host byte order, unsigned. */
export const u32 = number(4, getU32, putWord);
/** 32 bits in host byte order, signed. */
export const s32 = number(4, (bytes, at) => getU32(bytes, at) | 0, putWord);
/** 16 bits in network byte order. */
export const be16 = number(2, getBe16, (room, at, value) => putBe16(room.bytes, at, value));
/** 32 bits in network byte order, unsigned; a negative number is written as its two's complement. */
export const be32 = number(4, getBe32, (room, at, value) => putBe32(room.bytes, at, value));

/** One byte, 1 for true. */
export const flag: FixedFormat<boolean> = {
  isFixed: true,
  length: 1,
  absent: false,
  get: (bytes, at) => bytes[at] === 1,
  put: (room, at, value) => {
    room.bytes[at] = value ? 1 : 0;
  },
};

/** Text in UTF-8 with a terminating NUL; reading ends at the first NUL, or at the payload's end. */
export const text: FreeFormat<string> = {
  isFixed: false,
  length: 0,
  absent: '',
  get: textAt,
  encode: (value) => libc.encodeText(`${value}\0`),
};

/** Raw bytes; reading returns a view of the message. */
export const bytes: FreeFormat<Uint8Array, Uint8Array | undefined> = {
  isFixed: false,
  length: 0,
  absent: undefined,
  get: (of, at, end) => of.subarray(at, end),
  encode: (value) => value,
};

/** An IPv4 or IPv6 address, 4 or 16 bytes in network byte order; undefined for any other length. */
export const ip: FreeFormat<IP, IP | undefined> = {
  isFixed: false,
  length: 0,
  absent: undefined,
  get: (of, at, end) => ipOfBytes(of.subarray(at, end)),
  encode: ipBytes,
};

/** A MAC address, six bytes: `aa:bb:cc:dd:ee:ff`; empty if there is none. */
export const mac: FreeFormat<string> = {
  isFixed: false,
  length: 0,
  absent: '',
  get: (of, at, end) => formatMac(of.subarray(at, end)),
  encode: macBytes,
};
