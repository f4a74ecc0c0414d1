import type { BridgeConfig } from '../config/bridge-config.ts';
import { linkNameFault } from '../config/request.ts';
import { removeUnusedBridge } from './bridge-lifetime.ts';
import { withHost } from './sides.ts';
import { releaseUplink } from './uplink.ts';
import { hasVlanGateway, removeUnusedVlanGateway, vlanGatewayName } from './vlan-gateway.ts';

/**
 * Undoes what ADDs made on the host for all containers and none uses any more: an uplink is taken out of the bridge, a
 * VLAN's gateway is deleted and, with removeUnused, the bridge.
 * @throws NetlinkError
 */
export function removeUnusedLinks(config: BridgeConfig): void {
  const { bridge, removeUnused, uplink } = config;
  // A cleanup ignores a bad bridge name, and one too long to have a VLAN gateway.
  if (bridge === '') return;
  const mayHaveGateway = hasVlanGateway(config) && linkNameFault(vlanGatewayName(config)) === undefined;
  if (!mayHaveGateway && !removeUnused && uplink === undefined) return;
  withHost((host) => {
    // First: it is a port of the bridge, and in the VLAN.
    if (uplink !== undefined) releaseUplink(host, config, uplink);
    if (mayHaveGateway) removeUnusedVlanGateway(host, config);
    if (removeUnused) removeUnusedBridge(host, bridge);
  });
}
