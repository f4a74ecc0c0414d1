import { concat, text, textAt } from '../bytes.ts';

/** The longest comment in bytes: its length, with the NUL that ends it, is one byte's (NFT_USERDATA_MAXLEN). */
export const longestComment = 253;

/** NFTNL_UDATA_*_COMMENT, as the nft command writes and prints it: type, length, text, NUL. */
export function commentUserdata(comment: string): Uint8Array {
  const bytes = text(comment);
  return concat([Uint8Array.of(0, bytes.length), bytes]);
}

/** The comment within userdata; empty where there is none. */
export function readComment(userdata: Uint8Array | undefined): string {
  if (userdata === undefined) return '';
  for (let at = 0; at + 2 <= userdata.length; ) {
    const end = at + 2 + (userdata[at + 1] ?? 0);
    if (userdata[at] === 0) return textAt(userdata, at + 2, end);
    at = end;
  }
  return '';
}
