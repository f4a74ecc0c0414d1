import type { Connection } from '../../netlink/connection.ts';
import { listEveryVlan, type PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { filtersVlans, portVlans } from './port-vlans.ts';

type VlanOptions = Pick<BridgeConfig, 'vlan' | 'vlanTrunk' | 'preserveDefaultVlan'>;

/**
 * The VLANs that a network's containers need of the uplink: theirs, tagged, and the bridge's default VLAN untagged, where
 * they are in it. A later entry overrides an earlier one. None if the bridge doesn't filter.
 */
export function uplinkVlans(
  config: VlanOptions,
  { vlanFiltering, defaultVlan }: Pick<Link, 'vlanFiltering' | 'defaultVlan'>,
): PortVlans[] {
  if (vlanFiltering !== true) return [];
  const asked = portVlans(config).map(({ first, last }) => ({ first, last, pvid: false, untagged: false }));
  const isPlain = !filtersVlans(config) || asked.length === 0 || config.preserveDefaultVlan;
  const isIn = isPlain || includesVlan(asked, defaultVlan);
  if (defaultVlan === 0 || !isIn) return asked;
  return [...asked, { first: defaultVlan, last: defaultVlan, pvid: true, untagged: true }];
}

/** Whether one of these VLANs is `vid`. */
export function includesVlan(vlans: readonly PortVlans[], vid: number): boolean {
  return vlans.some(({ first, last }) => first <= vid && vid <= last);
}

/** Each VLAN by itself, with the flags of its last entry. */
function eachOf(vlans: readonly PortVlans[]): Map<number, PortVlans> {
  const each = new Map<number, PortVlans>();
  for (const one of vlans) {
    for (let vid = one.first; vid <= one.last; vid++) each.set(vid, { ...one, first: vid, last: vid });
  }
  return each;
}

/** Joins VLANs that follow each other and have no flags into ranges. */
function inRanges(vlans: readonly PortVlans[]): PortVlans[] {
  const ranges: PortVlans[] = [];
  for (const one of vlans) {
    const before = ranges.at(-1);
    const isNext = before !== undefined && before.last + 1 === one.first && !before.untagged && !one.untagged;
    if (isNext) ranges[ranges.length - 1] = { ...before, last: one.last };
    else ranges.push(one);
  }
  return ranges;
}

function sorted(vlans: Iterable<PortVlans>): PortVlans[] {
  return [...vlans].sort((a, b) => a.first - b.first);
}

/** The wanted VLANs that a port doesn't have with these flags. */
export function missingVlans(wanted: readonly PortVlans[], live: readonly PortVlans[]): PortVlans[] {
  const found = eachOf(live);
  const missing = [...eachOf(wanted).values()].filter(({ first, pvid, untagged }) => {
    const one = found.get(first);
    return one === undefined || one.untagged !== untagged || (pvid && !one.pvid);
  });
  return inRanges(sorted(missing));
}

/** Those of these VLANs that none of the ports is in. */
export function vlansWithout(
  host: Connection,
  vlans: readonly PortVlans[],
  ports: readonly number[],
): PortVlans[] {
  const every = listEveryVlan(host);
  const used = ports.flatMap((index) => every.get(index) ?? []);
  return inRanges(sorted(eachOf(vlans).values()).filter(({ first }) => !includesVlan(used, first)));
}
