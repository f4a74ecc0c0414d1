import { CniError, errorCode } from '../../cni/error.ts';
import { type CIDR, family, formatCIDR, formatIP } from '../../netlink/ip.ts';
import { awaitChange, group, subscribe } from '../../netlink/notification.ts';
import { type LinkAddress, listAddresses, newAddress } from '../../netlink/route/address.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { Sides } from './sides.ts';

/**
 * With the kernel's defaults detection takes up to two seconds (RFC 4862, 5.4), and longer on a busy host: its work
 * queue in the kernel shares a lock with everything that creates or deletes a link.
 */
const deadlineMilliseconds = 30_000;

/**
 * Adds IPv6 addresses and waits until the kernel has found that nobody else on the link has any of the interface's
 * addresses.
 * @throws CniError code 999 that names the duplicate address, or those still tentative at the deadline
 */
export function addUniqueAddresses(
  { container, inContainer }: Sides,
  link: Pick<Link, 'index' | 'name'>,
  addresses: readonly CIDR[],
): void {
  const changes = inContainer(() => subscribe(group.ipv6Address));
  try {
    container.execute(...addresses.map((cidr) => newAddress(link, cidr)));
    let last: LinkAddress[] = [];
    const settled = awaitChange(changes, deadlineMilliseconds, () => {
      last = listAddresses(container, link, family.ipv6);
      const duplicate = last.find(({ dadFailed }) => dadFailed);
      if (duplicate !== undefined) throw inUse(link, duplicate.cidr);
      return last.some(({ tentative }) => tentative) ? undefined : last;
    });
    if (settled !== undefined) return;
    const tentative = last.filter((one) => one.tentative).map(({ cidr }) => formatCIDR(cidr));
    throw new CniError(
      errorCode.internal,
      `duplicate address detection on ${link.name} did not finish`,
      `after ${deadlineMilliseconds / 1000} s still tentative: ${tentative.join(', ')}`,
    );
  } finally {
    changes.close();
  }
}

function inUse({ name }: Pick<Link, 'name'>, { ip }: CIDR): CniError {
  return new CniError(
    errorCode.internal,
    `address ${formatIP(ip)} of ${name} is already in use`,
    'duplicate address detection: another host on the link has it',
  );
}
