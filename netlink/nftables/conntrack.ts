import { encodeText, u32 } from '../bytes.ts';
import {
  NFT_CT_STATE,
  NFT_CT_STATUS,
  NFT_REG_1,
  NFTA_CT_DREG,
  NFTA_CT_KEY,
  NFTA_MATCH_INFO_BYTES,
  NFTA_MATCH_NAME,
  NFTA_MATCH_REV,
} from '../linux/nf_tables.ts';
import { differs, type Expression, expression, mask } from './expression.ts';

/** A condition on a packet's connection. */
export interface ConnectionCondition {
  /** NFT_CT_*, and the bits of which one must be set. */
  readonly key: number;
  readonly bits: number;
  /** The same as bits of iptables' `--ctstate`. */
  readonly xtBits: number;
}

export const connectionIs = {
  /**
   * An answer, or related to a connection: NF_CT_STATE_BIT of IP_CT_ESTABLISHED and IP_CT_RELATED
   * (linux/netfilter/nf_conntrack_common.h).
   */
  established: { key: NFT_CT_STATE, bits: 6, xtBits: 6 },
  /** To an address that this host has translated: IPS_DST_NAT (the same); XT_CONNTRACK_STATE_DNAT. */
  translated: { key: NFT_CT_STATUS, bits: 0x20, xtBits: 0x80 },
} as const;

/** `ct state established,related`, `ct status dnat` */
export function connection({ key, bits }: ConnectionCondition): Expression[] {
  return [
    expression('ct', (body) => body.put(NFTA_CT_KEY, key).put(NFTA_CT_DREG, NFT_REG_1)),
    mask(u32(bits)),
    differs(u32(0)),
  ];
}

/** linux/netfilter/xt_conntrack.h */
const XT_CONNTRACK_STATE = 1;

/** A match of iptables' own, in the kernel's nft_compat. @param info the match's struct */
function xtMatch(name: string, revision: number, info: Uint8Array): Expression {
  return expression('match', (body) =>
    body.put(NFTA_MATCH_NAME, name).put(NFTA_MATCH_REV, revision).put(NFTA_MATCH_INFO_BYTES, info),
  );
}

/**
 * `-m conntrack --ctstate`, struct xt_conntrack_mtinfo3 (linux/netfilter/xt_conntrack.h): match_flags
 * is at byte 146, state_mask at 150, both in host byte order.
 */
export function xtConnection({ xtBits }: ConnectionCondition): Expression {
  const info = new Uint8Array(168);
  info[146] = XT_CONNTRACK_STATE;
  info[150] = xtBits;
  return xtMatch('conntrack', 3, info);
}

/** `-m comment --comment`, struct xt_comment_info (linux/netfilter/xt_comment.h): at most 255 bytes and a NUL. */
export function xtComment(comment: string): Expression {
  const info = new Uint8Array(256);
  info.set(encodeText(comment).subarray(0, 255));
  return xtMatch('comment', 0, info);
}

/** `-j ACCEPT` counts, too. */
export function counter(): Expression {
  return expression('counter', () => undefined);
}
