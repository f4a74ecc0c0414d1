import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { findLinks, getLink, iff, type Link } from '../../netlink/route/link.ts';
import { hasVrfs } from '../../netlink/route/vrf-probe.ts';
import { invalidConfig } from '../config/schema-check.ts';

/**
 * Finds the VRF of a network; nothing is touched.
 * @throws CniError code 50 if the kernel has no VRFs, 7 if there is none of that name, or if it is down; NetlinkError
 */
export function findVrf(host: Connection, name: string): Link {
  const link = getLink(host, name);
  if (link?.kind !== 'vrf') {
    if (!hasVrfs(host)) {
      const details = 'this kernel is built without CONFIG_NET_VRF, or its module is missing';
      throw new CniError(errorCode.notAvailable, 'vrf is not available', details);
    }
    const making = `"ip link add ${name} up type vrf table 10" makes it, with a table of its own`;
    throw invalidConfig(
      link === undefined
        ? `vrf: "${name}" is no link of this host; ${making}`
        : `vrf: "${name}" is a ${link.kind || 'device'}, not a VRF`,
    );
  }
  if ((link.flags & iff.up) === 0)
    throw invalidConfig(`vrf: "${name}" is down; "ip link set ${name} up" sets it up`);
  return link;
}

/**
 * Refuses a link that was there before and is not in the VRF: putting it there would move its addresses' routes, and
 * set it down for a moment.
 * @throws CniError code 7; NetlinkError
 */
export function refuseOtherVrf(host: Connection, { name, master }: Link, vrf: Link): void {
  if (master === vrf.index) return;
  const [of] = master === 0 ? [] : findLinks(host, [master]);
  const found = of === undefined ? 'in no VRF' : `in ${of.kind === 'vrf' ? 'VRF' : of.kind} "${of.name}"`;
  const moving = `"ip link set ${name} master ${vrf.name}" puts it there`;
  throw invalidConfig(`vrf: "${name}" exists and is ${found}, not in "${vrf.name}"; ${moving}`);
}
