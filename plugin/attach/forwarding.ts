import type { IPConfig } from '../../cni/result.ts';
import { family } from '../../netlink/ip.ts';
import type { Addition } from './addition.ts';
import { hostServesOthers } from './other-attachments.ts';
import { changeSysctl } from './sysctl.ts';

/** The sysctl for a family's forwarding. */
const forwarding = {
  [family.ipv4]: 'net/ipv4/ip_forward',
  [family.ipv6]: 'net/ipv6/conf/all/forwarding',
} as const;

/** Turns forwarding on for each family that has an address. */
export function enableForwarding(addition: Addition, ips: readonly IPConfig[]): void {
  const { attachment, sides, undo } = addition;
  for (const of of [family.ipv4, family.ipv6]) {
    if (!ips.some(({ address }) => address.ip.family === of)) continue;
    changeSysctl(forwarding[of], '1', undo, () => !hostServesOthers(sides.host, attachment));
  }
}
