import type { BridgeConfig } from '../config/bridge-config.ts';
import { removeUnusedBridge } from './bridge-lifetime.ts';
import { withHost } from './sides.ts';
import { removeUnusedVlanGateway } from './vlan-gateway.ts';

/**
 * Deletes what ADDs made on the host for all containers and none uses any more: a VLAN's gateway and, with
 * removeUnused, the bridge.
 * @throws NetlinkError
 */
export function removeUnusedLinks(config: BridgeConfig): void {
  const { bridge, isGateway, removeUnused, vlan } = config;
  // A cleanup may have passed over a bad name.
  if (bridge === '') return;
  const mayHaveGateway = isGateway && vlan !== 0;
  if (!mayHaveGateway && !removeUnused) return;
  withHost((host) => {
    if (mayHaveGateway) removeUnusedVlanGateway(host, config);
    if (removeUnused) removeUnusedBridge(host, bridge);
  });
}
