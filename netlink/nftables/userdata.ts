import { concat, text, textAt } from '../bytes.ts';
import type { FreeFormat } from '../format.ts';

/** NFTNL_UDATA_*_COMMENT of libnftnl, the only part of userdata that the nft command prints for every object. */
const commentType = 0;

/** Userdata with a comment: one byte each of type and length, then the text and its NUL, at most 253 bytes. */
export function commentUserdata(comment: string): Uint8Array {
  const bytes = text(comment);
  return concat([Uint8Array.of(commentType, bytes.length), bytes]);
}

/** The comment in userdata; empty if there is none. */
export function readComment(userdata: Uint8Array | undefined): string {
  if (userdata === undefined) return '';
  for (let at = 0; at + 2 <= userdata.length; ) {
    const end = at + 2 + (userdata[at + 1] ?? 0);
    if (userdata[at] === commentType) return textAt(userdata, at + 2, end);
    at = end;
  }
  return '';
}

/** NFTA_*_USERDATA, which the kernel stores without reading it. Only its comment is read and written here. */
export const comment: FreeFormat<string> = {
  isFixed: false,
  length: 0,
  absent: '',
  get: (bytes, at, end) => readComment(bytes.subarray(at, end)),
  encode: commentUserdata,
};
