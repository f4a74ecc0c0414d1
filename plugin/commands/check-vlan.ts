import { listVlans, type PortVlans } from '../../netlink/route/bridge-vlan.ts';
import { getLink, type Link } from '../../netlink/route/link.ts';
import { filtersVlans, portVlans } from '../attach/port-vlans.ts';
import { vlanGatewayName } from '../attach/vlan-gateway.ts';
import { type Comparison, checkMac, mismatch } from './mismatch.ts';

/**
 * Compares the VLANs with the kernel's: the bridge filters, the port has the configuration's VLANs, and the VLAN's
 * gateway exists. The port may have more VLANs.
 * @throws CniError code 999 for the first thing that differs
 */
export function checkVlans(
  { config, previous, sides: { host } }: Comparison,
  bridge: Link,
  port: Link,
): void {
  if (!filtersVlans(config)) return;
  if (bridge.vlanFiltering !== true) throw mismatch(`VLAN filtering of ${bridge.name}`, 'on', 'off');
  const live = flagsByVlan(listVlans(host, port));
  for (const [vid, expected] of flagsByVlan(portVlans(config))) {
    const found = live.get(vid);
    if (found !== expected) throw mismatch(`VLAN ${vid} of ${port.name}`, expected, found ?? 'no such VLAN');
  }
  const name = vlanGatewayName(config);
  const listed = previous.interfaces.find((one) => one.name === name && one.sandbox === undefined);
  if (config.vlan === 0 || listed === undefined) return;
  const gateway = getLink(host, name);
  if (gateway === undefined) throw mismatch(`link ${name}`, "the VLAN's gateway", 'no link of that name');
  checkMac(gateway, listed.mac);
}

/** Describes each VLAN's flags; the last entry for a VLAN counts. */
function flagsByVlan(ranges: readonly PortVlans[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const { first, last, pvid, untagged } of ranges) {
    const flags = `${pvid ? 'native, ' : ''}${untagged ? 'untagged' : 'tagged'}`;
    for (let vid = first; vid <= last; vid++) found.set(vid, flags);
  }
  return found;
}
