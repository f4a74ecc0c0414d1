import { type CIDR, type Family, formatCIDR, formatIP, type IP } from '../../../netlink/ip.ts';
import { hashDigits } from '../../attach/hash.ts';
import type { MasqueradeConfig } from '../../config/masquerade.ts';

/** How a family's traffic is masqueraded where that is not the usual way. */
export interface Policy {
  /** The address that it gets; undefined for that of the link it leaves by. */
  readonly outbound: IP | undefined;
  /** Destinations whose traffic keeps its source. */
  readonly spared: readonly CIDR[];
}

/** A family's policy; undefined for the usual way: everything gets the address of the link it leaves by. */
export function policyOf(
  of: Family,
  { outboundAddresses, noMasquerade }: Pick<MasqueradeConfig, 'outboundAddresses' | 'noMasquerade'>,
): Policy | undefined {
  const outbound = outboundAddresses.find((ip) => ip.family === of);
  const spared = noMasquerade.filter(({ ip }) => ip.family === of);
  return outbound === undefined && spared.length === 0 ? undefined : { outbound, spared };
}

/** Eight digits that tell policies apart. */
export function policyDigits({ outbound, spared }: Policy): string {
  const to = outbound === undefined ? '' : formatIP(outbound);
  return hashDigits([to, ...spared.map(formatCIDR).sort()].join(' '), 8);
}
