import { attribute, nested } from '../attribute.ts';
import { be32, text } from '../bytes.ts';

/** An expression of a rule, encoded: NFTA_LIST_ELEM holding NFTA_EXPR_NAME and NFTA_EXPR_DATA. */
export type Expression = Uint8Array;

/** enum nft_registers, linux/netfilter/nf_tables.h */
export const register = { verdict: 0, first: 1 } as const;

/** NFT_META_*, linux/netfilter/nf_tables.h */
export const metaKey = { iifname: 6, nfproto: 15 } as const;

/** NFT_PAYLOAD_*_HEADER */
export const payloadBase = { link: 0, network: 1 } as const;

/** NF_* and NFT_* verdicts. */
export const verdictCode = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;

/** NFTA_DATA_VALUE */
function value(bytes: Uint8Array): Uint8Array {
  return attribute(1, bytes);
}

/** NFTA_DATA_VERDICT: a code, with a chain for jump and goto. */
export function verdict(code: number, chain?: string): Uint8Array {
  const target = chain === undefined ? [] : [attribute(2, text(chain))];
  return nested(2, attribute(1, be32(code >>> 0)), ...target);
}

function expression(name: string, ...attributes: Uint8Array[]): Expression {
  return nested(1, attribute(1, text(name)), nested(2, ...attributes));
}

/** Loads what is known of the packet beside its bytes. */
export function meta(key: number): Expression {
  return expression('meta', attribute(2, be32(key)), attribute(1, be32(register.first)));
}

/** Loads bytes of the packet. */
export function payload(base: number, offset: number, length: number): Expression {
  return expression(
    'payload',
    attribute(1, be32(register.first)),
    attribute(2, be32(base)),
    attribute(3, be32(offset)),
    attribute(4, be32(length)),
  );
}

/** Keeps the bits of the register that `mask` has. */
export function mask(bits: Uint8Array): Expression {
  return expression(
    'bitwise',
    attribute(1, be32(register.first)),
    attribute(2, be32(register.first)),
    attribute(3, be32(bits.length)),
    nested(4, value(bits)),
    nested(5, value(new Uint8Array(bits.length))),
  );
}

/** Goes on only where the register has this value. */
export function equals(bytes: Uint8Array): Expression {
  return expression(
    'cmp',
    attribute(1, be32(register.first)),
    attribute(2, be32(0)),
    nested(3, value(bytes)),
  );
}

/** Follows the verdict that a map has for the register. */
export function lookupVerdict(map: string): Expression {
  return expression(
    'lookup',
    attribute(1, text(map)),
    attribute(2, be32(register.first)),
    attribute(3, be32(register.verdict)),
  );
}

/** Ends with a verdict. */
export function immediate(code: number, chain?: string): Expression {
  return expression('immediate', attribute(1, be32(register.verdict)), nested(2, verdict(code, chain)));
}

/** Rewrites the source to an address of the outgoing link. */
export function masquerade(): Expression {
  return expression('masq');
}
