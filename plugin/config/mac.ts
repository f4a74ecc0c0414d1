import { libc } from '#libc';
import { formatMac } from '../../netlink/mac.ts';

const pairs = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/;
const words = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/;

/**
 * Parses an Ethernet address in any of the three common spellings: `02:00:00:00:00:01`, `02-00-00-00-00-01`,
 * `0200.0000.0001`.
 *
 * @returns lower case with colons; undefined for what the kernel doesn't take either, such as a multicast
 *   address or zero (`is_valid_ether_addr`, linux/etherdevice.h)
 */
export function parseMac(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (!pairs.test(lower) && !words.test(lower)) return undefined;
  const digits = lower.replace(/[:.-]/g, '');
  const multicast = (Number.parseInt(digits.slice(0, 2), 16) & 1) === 1;
  if (multicast || digits === '000000000000') return undefined;
  return digits.replace(/..(?=.)/g, '$&:');
}

/** A locally administered unicast MAC address. */
export function randomMac(): string {
  const bytes = libc.randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}
