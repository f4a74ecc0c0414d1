import { encodeText } from '../bytes.ts';
import {
  NF_ACCEPT,
  NF_DROP,
  NFT_CMP_EQ,
  NFT_CMP_NEQ,
  NFT_GOTO,
  NFT_JUMP,
  NFT_META_IIFKIND,
  NFT_META_IIFNAME,
  NFT_META_NFPROTO,
  NFT_META_OIFKIND,
  NFT_META_OIFNAME,
  NFT_PAYLOAD_LL_HEADER,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFT_REG_1,
  NFT_REG_VERDICT,
  NFT_RETURN,
  NFTA_BITWISE_DREG,
  NFTA_BITWISE_LEN,
  NFTA_BITWISE_MASK,
  NFTA_BITWISE_SREG,
  NFTA_BITWISE_XOR,
  NFTA_CMP_DATA,
  NFTA_CMP_OP,
  NFTA_CMP_SREG,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_IMMEDIATE_DATA,
  NFTA_IMMEDIATE_DREG,
  NFTA_LIST_ELEM,
  NFTA_LOOKUP_DREG,
  NFTA_LOOKUP_SET,
  NFTA_LOOKUP_SREG,
  NFTA_META_DREG,
  NFTA_META_KEY,
  NFTA_PAYLOAD_BASE,
  NFTA_PAYLOAD_DREG,
  NFTA_PAYLOAD_LEN,
  NFTA_PAYLOAD_OFFSET,
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CODE,
} from '../linux/nf_tables.ts';
import type { MessageBody } from '../message-body.ts';

/** Writes an expression into a rule. Expressions pass a value on in one register, NFT_REG_1. */
export type Expression = (body: MessageBody) => unknown;

/** NFT_META_* */
export const metaKey = {
  iifname: NFT_META_IIFNAME,
  oifname: NFT_META_OIFNAME,
  iifkind: NFT_META_IIFKIND,
  oifkind: NFT_META_OIFKIND,
  nfproto: NFT_META_NFPROTO,
} as const;

/** NFT_PAYLOAD_*_HEADER */
export const payloadBase = { link: NFT_PAYLOAD_LL_HEADER, network: NFT_PAYLOAD_NETWORK_HEADER } as const;

/** NF_* and NFT_* */
export const verdictCode = {
  drop: NF_DROP,
  accept: NF_ACCEPT,
  jump: NFT_JUMP,
  goto: NFT_GOTO,
  return: NFT_RETURN,
} as const;

/**
 * An expression by its name in the kernel.
 *
 *     NFTA_LIST_ELEM
 *       NFTA_EXPR_NAME
 *       NFTA_EXPR_DATA    the attributes of the named expression
 */
export function expression(name: string, put: (body: MessageBody) => unknown): Expression {
  return (body) =>
    body.nested(NFTA_LIST_ELEM, () => {
      body.put(NFTA_EXPR_NAME, name).nested(NFTA_EXPR_DATA, () => put(body));
    });
}

/**
 * Writes NFTA_DATA_VERDICT.
 * @param code one of {@link verdictCode}
 * @param chain where `jump` and `goto` lead to
 */
export function putVerdict(body: MessageBody, code: number, chain?: string): void {
  body.nested(NFTA_DATA_VERDICT, () => {
    body.put(NFTA_VERDICT_CODE, code).put(NFTA_VERDICT_CHAIN, chain);
  });
}

/** Loads metadata of the packet. @param key one of {@link metaKey} */
export function meta(key: number): Expression {
  return expression('meta', (body) => body.put(NFTA_META_KEY, key).put(NFTA_META_DREG, NFT_REG_1));
}

/**
 * Loads bytes from the packet.
 * @param base one of {@link payloadBase}
 * @param offset in bytes, from the beginning of that header
 * @param length in bytes
 */
export function payload(base: number, offset: number, length: number): Expression {
  return expression('payload', (body) =>
    body
      .put(NFTA_PAYLOAD_DREG, NFT_REG_1)
      .put(NFTA_PAYLOAD_BASE, base)
      .put(NFTA_PAYLOAD_OFFSET, offset)
      .put(NFTA_PAYLOAD_LEN, length),
  );
}

/** Masks the register with `bits`. */
export function mask(bits: Uint8Array): Expression {
  return expression('bitwise', (body) =>
    body
      .put(NFTA_BITWISE_SREG, NFT_REG_1)
      .put(NFTA_BITWISE_DREG, NFT_REG_1)
      .put(NFTA_BITWISE_LEN, bits.length)
      .nested(NFTA_BITWISE_MASK, () => body.put(NFTA_DATA_VALUE, bits))
      .nested(NFTA_BITWISE_XOR, () => body.put(NFTA_DATA_VALUE, new Uint8Array(bits.length))),
  );
}

/** Continues only if the register has this value. */
export function equals(value: Uint8Array): Expression {
  return compare(NFT_CMP_EQ, value);
}

/** Continues only if the register has another value. */
export function differs(value: Uint8Array): Expression {
  return compare(NFT_CMP_NEQ, value);
}

function compare(operation: number, value: Uint8Array): Expression {
  return expression('cmp', (body) =>
    body
      .put(NFTA_CMP_SREG, NFT_REG_1)
      .put(NFTA_CMP_OP, operation)
      .nested(NFTA_CMP_DATA, () => body.put(NFTA_DATA_VALUE, value)),
  );
}

/** The name of a link, or of a kind of links, as {@link meta} loads it: padded to IFNAMSIZ. */
export function paddedName(name: string): Uint8Array {
  const padded = new Uint8Array(16);
  padded.set(encodeText(name));
  return padded;
}

/** Looks up the register in a verdict map of the same table. */
export function lookupVerdict(map: string): Expression {
  return expression('lookup', (body) =>
    body.put(NFTA_LOOKUP_SET, map).put(NFTA_LOOKUP_SREG, NFT_REG_1).put(NFTA_LOOKUP_DREG, NFT_REG_VERDICT),
  );
}

/**
 * Ends with a verdict.
 * @param code one of {@link verdictCode}
 * @param chain where `jump` and `goto` lead to
 */
export function immediate(code: number, chain?: string): Expression {
  return expression('immediate', (body) =>
    body
      .put(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT)
      .nested(NFTA_IMMEDIATE_DATA, () => putVerdict(body, code, chain)),
  );
}

/** Rewrites the source to an address of the outgoing link. */
export function masquerade(): Expression {
  return expression('masq', () => undefined);
}
