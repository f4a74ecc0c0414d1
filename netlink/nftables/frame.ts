import { NFT_META_L4PROTO, NFT_META_PROTOCOL, NFT_PAYLOAD_TRANSPORT_HEADER } from '../linux/nf_tables.ts';
import { type Expression, equals, meta, payload } from './expression.ts';

// Conditions on a bridged frame and on what is in it.

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
