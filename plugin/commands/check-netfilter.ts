import type { Link } from '../../netlink/route/link.ts';
import { isAliasOf, ownerLabel } from '../attach/owner.ts';
import { lostForward } from '../netfilter/forward/forward.ts';
import { forwardedOf } from '../netfilter/forward/rules.ts';
import { isolatedOf, lostIsolation } from '../netfilter/isolation/isolation.ts';
import { lostMasquerade } from '../netfilter/masquerade/lost.ts';
import { lostSpoofCheck } from '../netfilter/spoof-check.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/**
 * Checks what `macspoofchk`, `ipMasq`, `isolate` and `forward` set up. A host veth without our label is the Go plugin's,
 * whose CHECK looks at none of them.
 * @throws CniError code 999 for the first thing that is missing
 */
export function checkNetfilter({ attachment, config, previous }: Comparison, { alias, name }: Link): void {
  if (!isAliasOf(ownerLabel(attachment), alias)) return;
  const { macspoofchk, ipMasq, ipMasqBackend } = config;
  const addresses = previous.ips.map(({ address }) => address);
  const lost =
    (macspoofchk ? lostSpoofCheck(attachment) : undefined) ??
    (ipMasq && addresses.length > 0 ? lostMasquerade(attachment, addresses, ipMasqBackend) : undefined) ??
    (config.isolate ? lostIsolation(isolatedOf(attachment, name, config)) : undefined) ??
    (config.forward ? lostForward(forwardedOf(config, previous.ips)) : undefined);
  if (lost === undefined) return;
  throw mismatch(lost.what, lost.expected, `${lost.found}; a DEL and an ADD set it up again`);
}
