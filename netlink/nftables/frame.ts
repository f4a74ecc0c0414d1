import {
  NFT_CMP_NEQ,
  NFT_META_L4PROTO,
  NFT_META_PROTOCOL,
  NFT_PAYLOAD_TRANSPORT_HEADER,
  NFT_REG_1,
  NFTA_CMP_DATA,
  NFTA_CMP_OP,
  NFTA_CMP_SREG,
  NFTA_DATA_VALUE,
} from '../linux/nf_tables.ts';
import { type Expression, equals, expression, meta, payload } from './expression.ts';

// Conditions on a bridged frame and on what is in it.

/** Continues only if the register has another value. */
export function differs(value: Uint8Array): Expression {
  return expression('cmp', (body) =>
    body
      .put(NFTA_CMP_SREG, NFT_REG_1)
      .put(NFTA_CMP_OP, NFT_CMP_NEQ)
      .nested(NFTA_CMP_DATA, () => body.put(NFTA_DATA_VALUE, value)),
  );
}

/** Continues only with this protocol in the frame, behind a VLAN tag or not. @param etherType ETH_P_* */
export function carries(etherType: number): Expression[] {
  return [meta(NFT_META_PROTOCOL), equals(Uint8Array.of(etherType >> 8, etherType & 0xff))];
}

/** Continues only with this protocol in the IP packet, behind extension headers or not. @param protocol IPPROTO_* */
export function transports(protocol: number): Expression[] {
  return [meta(NFT_META_L4PROTO), equals(Uint8Array.of(protocol))];
}

/** Loads bytes from what is behind the IP header. */
export function transport(offset: number, length: number): Expression {
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, length);
}
