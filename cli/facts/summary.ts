import { contains, formatCIDR, type IP, parseCIDR, parseIP } from '../../netlink/ip.ts';
import type { PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { AttachmentFacts, NetworkFacts } from './facts.ts';

function withPrefix(ip: IP, text: string, subnets: readonly string[]): string {
  for (const subnet of subnets) {
    const cidr = parseCIDR(subnet);
    if (cidr !== undefined && contains(cidr, ip)) return formatCIDR({ ip, prefix: cidr.prefix });
  }
  return text;
}

/** An attachment's addresses: as leases and masquerading tell, with the prefix of the network's subnet, else as seen. */
export function addressesOf(
  { leases, elements, seen }: Pick<AttachmentFacts, 'leases' | 'elements' | 'seen'>,
  { subnets }: Pick<NetworkFacts, 'subnets'>,
): string[] {
  const texts = new Set([...leases, ...elements].map(({ address }) => address));
  if (texts.size === 0) return [...seen];
  return [...texts].map((text) => {
    const ip = parseIP(text);
    return ip === undefined ? text : withPrefix(ip, text, subnets);
  });
}

/** Since when an attachment has been there, by its first lease; undefined where nothing tells. */
export function sinceOf({ leases }: Pick<AttachmentFacts, 'leases'>): number | undefined {
  const times = leases.map(({ time }) => time).filter((time) => time > 0);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** VLANs in short: `10`, `10 20-29t`, where `t` is for tagged. */
export function formatVlans(vlans: readonly PortVlans[]): string {
  return vlans
    .map(
      ({ first, last, untagged }) => `${first === last ? first : `${first}-${last}`}${untagged ? '' : 't'}`,
    )
    .join(' ');
}

/** The first letters of a container's ID, as Docker and crictl show them. */
export function shortID(containerID: string): string {
  return /^[0-9a-f]{32,}$/.test(containerID) ? containerID.slice(0, 12) : containerID;
}
