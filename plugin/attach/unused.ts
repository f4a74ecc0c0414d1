import type { BridgeConfig } from '../config/bridge-config.ts';
import { linkNameFault } from '../config/request.ts';
import { removeUnusedBridge } from './bridge-lifetime.ts';
import { withHost } from './sides.ts';
import { removeUnusedVlanGateway, vlanGatewayName } from './vlan-gateway.ts';

/**
 * Deletes what ADDs made on the host for all containers and none uses any more: a VLAN's gateway and, with
 * removeUnused, the bridge.
 * @throws NetlinkError
 */
export function removeUnusedLinks(config: BridgeConfig): void {
  const { bridge, isGateway, removeUnused, vlan } = config;
  // A cleanup ignores a bad bridge name, and one too long to have a VLAN gateway.
  if (bridge === '') return;
  const mayHaveGateway = isGateway && vlan !== 0 && linkNameFault(vlanGatewayName(config)) === undefined;
  if (!mayHaveGateway && !removeUnused) return;
  withHost((host) => {
    if (mayHaveGateway) removeUnusedVlanGateway(host, config);
    if (removeUnused) removeUnusedBridge(host, bridge);
  });
}
