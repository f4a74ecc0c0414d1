import type { NetworkFacts } from '../facts/facts.ts';
import type { Ward } from './sight.ts';

/**
 * Whether nobody is certain to have these addresses of a network. Its configuration has to be a bridge's, or another
 * plugin may use them; a veth of the Go plugin bears no label, so each veth on the bridge has to tell whose it is.
 */
export function areNobodys(
  addresses: readonly string[],
  { config, bridge }: NetworkFacts,
  { facts, inside }: Pick<Ward, 'facts' | 'inside'>,
): boolean {
  if (config?.ipam?.type !== 'host-local' || inside === undefined) return false;
  const hasUnlabelled = facts.others.veths.some(
    ({ master }) => bridge !== undefined && master === bridge.index,
  );
  return !hasUnlabelled && !addresses.some((address) => inside.has(address));
}
