import { findLinks, getLink, type Link } from '../../netlink/route/link.ts';
import { gatewayLinkOf } from '../attach/vlan-gateway.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/**
 * Compares the VRF of the bridge, or of the VLAN's gateway, with the kernel's.
 * @throws CniError code 999 if it is another, or none
 */
export function checkVrf({ config, previous, sides: { host } }: Comparison, bridge: Link, vrf: string): void {
  const name = gatewayLinkOf(config);
  // Without addresses a VLAN has no gateway.
  if (!previous.interfaces.some((one) => one.name === name && one.sandbox === undefined)) return;
  const { master = 0 } = name === bridge.name ? bridge : (getLink(host, name) ?? {});
  const [found] = master === 0 ? [] : findLinks(host, [master]);
  if (found?.kind !== 'vrf' || found.name !== vrf)
    throw mismatch(`VRF of ${name}`, vrf, found?.name ?? 'none');
}
