import {
  NFT_NAT_SNAT,
  NFT_REG_1,
  NFTA_DATA_VALUE,
  NFTA_IMMEDIATE_DATA,
  NFTA_IMMEDIATE_DREG,
  NFTA_NAT_FAMILY,
  NFTA_NAT_REG_ADDR_MIN,
  NFTA_NAT_TYPE,
} from '../linux/nf_tables.ts';
import { type Expression, expression } from './expression.ts';

/** Loads a value into the register. */
export function load(value: Uint8Array): Expression {
  return expression('immediate', (body) =>
    body
      .put(NFTA_IMMEDIATE_DREG, NFT_REG_1)
      .nested(NFTA_IMMEDIATE_DATA, () => body.put(NFTA_DATA_VALUE, value)),
  );
}

/** Rewrites the source to the address in the register. @param family NFPROTO_IPV4 or NFPROTO_IPV6 */
export function sourceNat(family: number): Expression {
  return expression('nat', (body) =>
    body.put(NFTA_NAT_TYPE, NFT_NAT_SNAT).put(NFTA_NAT_FAMILY, family).put(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1),
  );
}
