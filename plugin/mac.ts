const pairs = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/;
const words = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/;

/**
 * Reads an Ethernet address in any of the three common spellings: `02:00:00:00:00:01`, `02-00-00-00-00-01`,
 * `0200.0000.0001`.
 *
 * @returns the address in lower case with colons
 * @throws Error that says what is wrong; the kernel takes neither a multicast address nor zero
 *   (`is_valid_ether_addr`, linux/etherdevice.h)
 */
export function parseMac(text: string): string {
  const lower = text.toLowerCase();
  if (!pairs.test(lower) && !words.test(lower)) throw new Error('must be a MAC address');
  const digits = lower.replace(/[:.-]/g, '');
  if (digits === '000000000000') throw new Error('must be a MAC address other than zero');
  if (Number.parseInt(digits.slice(0, 2), 16) & 1) {
    throw new Error('must be a unicast MAC address');
  }
  return (digits.match(/../g) ?? []).join(':');
}
