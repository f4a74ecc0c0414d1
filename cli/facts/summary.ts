import { contains, parseCIDR, parseIP } from '../../netlink/ip.ts';
import type { PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { AttachmentFacts, NetworkFacts } from './facts.ts';

/** What an attachment's addresses are read off. */
type Addressed = Pick<AttachmentFacts, 'leases' | 'elements' | 'seen'>;

/**
 * Tells addresses of a network's attachments: as leases and masquerading have them, with the prefix of the network's
 * subnet, else as seen.
 */
export function addressReader({ subnets }: Pick<NetworkFacts, 'subnets'>): (of: Addressed) => string[] {
  const known = subnets.flatMap((text) => parseCIDR(text) ?? []);
  const withPrefix = (text: string): string => {
    const ip = parseIP(text);
    const subnet = ip && known.find((cidr) => contains(cidr, ip));
    return subnet === undefined ? text : `${text}/${subnet.prefix}`;
  };
  return ({ leases, elements, seen }) => {
    const texts = new Set<string>();
    for (const { address } of leases) texts.add(address);
    for (const { address } of elements) texts.add(address);
    return texts.size === 0 ? [...seen] : [...texts].map(withPrefix);
  };
}

/** The addresses of one attachment, as {@link addressReader} tells them. */
export function addressesOf(attachment: Addressed, network: Pick<NetworkFacts, 'subnets'>): string[] {
  return addressReader(network)(attachment);
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

/** Of a range with more addresses, as those of IPv6 are, how many there are tells nothing. */
const most = 0xff_ffff;

/** `1,234`: groups of three digits. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** How many addresses of a network are leased: `4 of 253`, and others, such as excluded ones: `4 of 253 and 1 besides`. */
export function formatLeases({
  leased,
  leasedBesides,
  capacity = 0,
}: Pick<NetworkFacts, 'leased' | 'leasedBesides' | 'capacity'>): string {
  const besides = leasedBesides === 0 ? '' : ` and ${grouped(leasedBesides)} besides`;
  const of = capacity === 0 || capacity > most ? '' : ` of ${grouped(capacity)}`;
  return `${grouped(leased)}${of}${besides}`;
}
