import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection, NetlinkRequest } from '../../netlink/connection.ts';
import { addVlans, deleteVlans, type PortVlans } from '../../netlink/route/bridge-vlan.ts';
import { type Link, setLink } from '../../netlink/route/link.ts';
import { listPorts } from '../../netlink/route/link-list.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Undo } from './undo.ts';

/** Whether the bridge has to filter VLANs. An empty trunk needs that too, as in the Go plugin. */
export function filtersVlans({ vlan, vlanTrunk }: Pick<BridgeConfig, 'vlan' | 'vlanTrunk'>): boolean {
  return vlan !== 0 || vlanTrunk !== undefined;
}

/** The error of a command that needs VLANs on a kernel whose bridges have none. */
export function noVlanFiltering(bridge: string): CniError {
  return new CniError(
    errorCode.notAvailable,
    `bridge ${bridge} cannot filter VLANs`,
    'this kernel is built without CONFIG_BRIDGE_VLAN_FILTERING, which vlan and vlanTrunk need',
  );
}

/**
 * Turns VLAN filtering on for an existing bridge. Its other ports stay in the VLAN that the kernel gave them.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function ensureVlanFiltering(host: Connection, bridge: Link, undo: Undo): void {
  if (bridge.vlanFiltering === undefined) throw noVlanFiltering(bridge.name);
  if (bridge.vlanFiltering) return;
  const before = new Set(listPorts(host, bridge));
  undo.attempt(
    `VLAN filtering of bridge ${bridge.name}`,
    () => host.execute(setLink(bridge, { vlanFiltering: true })),
    () => {
      // A container connected since then relies on it.
      if (listPorts(host, bridge).some((port) => !before.has(port))) return;
      host.execute(setLink(bridge, { vlanFiltering: false }));
    },
  );
}

/**
 * The VLANs of a port, in the order in which the kernel adds them: a later entry overrides an earlier one for the same
 * VLAN. So `vlan` is tagged if the trunk has it too, and VLAN 1 is native in a trunk without `vlan`, as in the Go
 * plugin.
 */
export function portVlans({ vlan, vlanTrunk = [] }: Pick<BridgeConfig, 'vlan' | 'vlanTrunk'>): PortVlans[] {
  const native = (vid: number): PortVlans => ({ first: vid, last: vid, pvid: true, untagged: true });
  return [
    ...(vlan === 0 ? [] : [native(vlan)]),
    ...vlanTrunk.map((range): PortVlans => ({ ...range, pvid: false, untagged: false })),
    ...(vlan === 0 && vlanTrunk.length > 0 ? [native(1)] : []),
  ];
}

/**
 * The requests that give a port its VLANs, in place of the bridge's default VLAN unless preserveDefaultVlan keeps it;
 * empty if there is nothing to change.
 */
export function setPortVlans(
  bridge: Link,
  port: { index: number; name: string },
  config: Pick<BridgeConfig, 'vlan' | 'vlanTrunk' | 'preserveDefaultVlan'>,
): NetlinkRequest[] {
  const vlans = portVlans(config);
  if (vlans.length === 0) return [];
  const { defaultVlan: vid } = bridge;
  const byDefault = { first: vid, last: vid, pvid: false, untagged: false };
  return [
    ...(config.preserveDefaultVlan || vid === 0 ? [] : [deleteVlans(port, [byDefault])]),
    addVlans(port, vlans),
  ];
}
