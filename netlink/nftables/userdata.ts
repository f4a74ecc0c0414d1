import { concat, text, textAt } from '../bytes.ts';
import type { FreeFormat } from '../format.ts';

/** NFTNL_UDATA_*_COMMENT of libnftnl, the one part of userdata that the nft command prints of every object. */
const commentType = 0;

/** Userdata with a comment in it: one byte each of type and length, then the text and its NUL, 253 bytes at most. */
export function commentUserdata(comment: string): Uint8Array {
  const bytes = text(comment);
  return concat([Uint8Array.of(commentType, bytes.length), bytes]);
}

/** The comment within userdata; empty where there is none. */
export function readComment(userdata: Uint8Array | undefined): string {
  if (userdata === undefined) return '';
  for (let at = 0; at + 2 <= userdata.length; ) {
    const end = at + 2 + (userdata[at + 1] ?? 0);
    if (userdata[at] === commentType) return textAt(userdata, at + 2, end);
    at = end;
  }
  return '';
}

/** NFTA_*_USERDATA, which the kernel keeps and doesn't read: the comment is all that is read and written of it. */
export const comment: FreeFormat<string> = {
  isFixed: false,
  length: 0,
  absent: '',
  get: (bytes, at, end) => readComment(bytes.subarray(at, end)),
  encode: commentUserdata,
};
