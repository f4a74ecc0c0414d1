import { CniError, errorCode } from '../../cni/error.ts';
import { type CIDR, family, formatCIDR, formatIP } from '../../netlink/ip.ts';
import { awaitChange, group, subscribe } from '../../netlink/notification.ts';
import { type LinkAddress, listAddresses, newAddress } from '../../netlink/route/address.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { Sides } from './sides.ts';

/**
 * Detection takes up to two seconds as the kernel does it by default (RFC 4862, 5.4), and longer where that is busy: it
 * is done by a work queue that shares a lock with everything that makes or deletes a link.
 */
const deadlineMilliseconds = 30_000;

/**
 * Gives the container IPv6 addresses that nobody else on the link has: adds them, and waits until the kernel has found
 * no duplicate of any address of the interface.
 * @throws CniError code 999 that names the address that another has, or those in doubt when the time is over
 */
export function addUniqueAddresses(
  { container, inContainer }: Sides,
  link: Link,
  addresses: readonly CIDR[],
): void {
  const words = inContainer(() => subscribe(group.ipv6Address));
  try {
    container.execute(...addresses.map((cidr) => newAddress(link, cidr)));
    let last: LinkAddress[] = [];
    const settled = awaitChange(words, deadlineMilliseconds, () => {
      last = listAddresses(container, link, family.ipv6);
      const duplicate = last.find(({ dadFailed }) => dadFailed);
      if (duplicate !== undefined) throw inUse(link, duplicate.cidr);
      return last.some(({ tentative }) => tentative) ? undefined : last;
    });
    if (settled !== undefined) return;
    const tentative = last.filter((one) => one.tentative).map(({ cidr }) => formatCIDR(cidr));
    throw new CniError(
      errorCode.internal,
      `duplicate address detection on ${link.name} does not end`,
      `after ${deadlineMilliseconds / 1000} s still tentative: ${tentative.join(', ')}`,
    );
  } finally {
    words.close();
  }
}

function inUse({ name }: Link, { ip }: CIDR): CniError {
  return new CniError(
    errorCode.internal,
    `address ${formatIP(ip)} of ${name} is in use already`,
    'duplicate address detection found another on the link that has it',
  );
}
