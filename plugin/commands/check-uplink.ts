import { getPort } from '../../netlink/route/bridge-port.ts';
import { listVlans } from '../../netlink/route/bridge-vlan.ts';
import { getLink, iff, type Link } from '../../netlink/route/link.ts';
import { isMarked } from '../attach/uplink-mark.ts';
import { missingVlans, uplinkVlans } from '../attach/uplink-vlans.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/**
 * Compares the uplink with the kernel's: a port of the bridge that is up and in the network's VLANs.
 * @throws CniError code 999 for the first thing that differs
 */
export function checkUplink({ config, sides: { host } }: Comparison, bridge: Link, name: string): void {
  const link = getLink(host, name);
  if (link?.master !== bridge.index) {
    const found = link === undefined ? 'no link of that name' : 'no port of it';
    throw mismatch(`uplink ${name}`, `a port of ${bridge.name}`, found);
  }
  if ((link.flags & iff.up) === 0) throw mismatch(`uplink ${name}`, 'up', 'down');
  const [missing] = missingVlans(uplinkVlans(config, bridge), listVlans(host, link));
  if (missing !== undefined) {
    const { first, untagged } = missing;
    throw mismatch(`VLAN ${first} of uplink ${name}`, untagged ? 'untagged' : 'tagged', 'none, or otherwise');
  }
  const { groupFwdMask: wanted } = config;
  if (wanted === 0 || !isMarked(link)) return;
  const { groupFwdMask: found = 0 } = getPort(host, link) ?? {};
  if ((found & wanted) !== wanted) throw mismatch(`groupFwdMask of uplink ${name}`, `${wanted}`, `${found}`);
}
