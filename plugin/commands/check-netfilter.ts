import { formatIP } from '../../netlink/ip.ts';
import type { Link } from '../../netlink/route/link.ts';
import { isAliasOf, ownerLabel } from '../attach/owner.ts';
import { lostAddressCheck } from '../netfilter/address-check.ts';
import { lostForward } from '../netfilter/forward/forward.ts';
import { forwardedOf } from '../netfilter/forward/rules.ts';
import { isolatedOf, lostIsolation } from '../netfilter/isolation/isolation.ts';
import { lostMasquerade } from '../netfilter/masquerade/lost.ts';
import { foreignAddresses } from '../netfilter/masquerade/outbound.ts';
import { lostSpoofCheck } from '../netfilter/spoof-check.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/**
 * Checks what `macspoofchk`, `ipspoofchk`, `ipMasq`, `isolate` and `forward` set up. A host veth without our label is
 * the Go plugin's, whose CHECK looks at none of them.
 * @throws CniError code 999 for the first thing that is missing
 */
export function checkNetfilter(
  { attachment, config, previous, sides }: Comparison,
  { alias, name }: Link,
): void {
  if (!isAliasOf(ownerLabel(attachment), alias)) return;
  const { macspoofchk, ipMasq } = config;
  const addresses = previous.ips.map(({ address }) => address);
  const lost =
    (macspoofchk ? lostSpoofCheck(attachment) : undefined) ??
    (config.ipspoofchk ? lostAddressCheck(attachment, config) : undefined) ??
    (ipMasq && addresses.length > 0 ? lostMasquerade(attachment, addresses, config) : undefined) ??
    (config.isolate ? lostIsolation(isolatedOf(attachment, name, config)) : undefined) ??
    (config.forward ? lostForward(forwardedOf(config, previous.ips)) : undefined);
  const [foreign] = foreignAddresses(sides.host, config.outboundAddresses);
  if (foreign !== undefined) {
    throw mismatch(`outbound address ${formatIP(foreign)}`, 'an address of this host', 'no link that has it');
  }
  if (lost === undefined) return;
  throw mismatch(lost.what, lost.expected, `${lost.found}; a DEL and an ADD set it up again`);
}
