import type { Connection } from '../../../netlink/connection.ts';
import { formatIP, type IP, sameIP } from '../../../netlink/ip.ts';
import { listEveryAddress } from '../../../netlink/route/address-list.ts';
import { invalidConfig, shown } from '../../config/schema-check.ts';

/**
 * Those of `outboundAddresses` that no link of the host has: answers to them would go elsewhere.
 * @throws NetlinkError
 */
export function foreignAddresses(host: Connection, outbound: readonly IP[]): IP[] {
  if (outbound.length === 0) return [];
  const own = listEveryAddress(host);
  return outbound.filter((ip) => !own.some(({ cidr }) => sameIP(cidr.ip, ip)));
}

/**
 * Checks that the addresses that containers' traffic gets are the host's.
 * @throws CniError code 7; NetlinkError
 */
export function checkOutbound(host: Connection, outbound: readonly IP[]): void {
  const [foreign] = foreignAddresses(host, outbound);
  if (foreign === undefined) return;
  const where = `outboundAddresses[${outbound.indexOf(foreign)}]`;
  throw invalidConfig(`${where}: must be an address of this host, not ${shown(formatIP(foreign))}`);
}
