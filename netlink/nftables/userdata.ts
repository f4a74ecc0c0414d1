import { concat, readText, text } from '../bytes.ts';

/** The longest comment in bytes: its length, with the NUL that ends it, is one byte's (NFT_USERDATA_MAXLEN). */
export const longestComment = 253;

/** NFTNL_UDATA_*_COMMENT, as the nft command writes and prints it: type, length, text, NUL. */
export function commentUserdata(comment: string): Uint8Array {
  const bytes = text(comment);
  return concat([Uint8Array.of(0, bytes.length), bytes]);
}

/** The comment within userdata; empty where there is none. */
export function readComment(userdata: Uint8Array | undefined): string {
  let rest = userdata ?? new Uint8Array();
  while (rest.length >= 2) {
    const [type, length = 0] = rest;
    if (type === 0) return readText(rest.subarray(2, 2 + length));
    rest = rest.subarray(2 + length);
  }
  return '';
}
