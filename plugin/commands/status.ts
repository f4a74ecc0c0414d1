import { CniError, errorCode } from '../../cni/error.ts';
import { KernelError } from '../../netlink/error.ts';
import { type BridgeAbility, probeBridges } from '../../netlink/route/bridge-probe.ts';
import { findBridge } from '../attach/bridge.ts';
import { findUplink } from '../attach/find-uplink.ts';
import { filtersVlans, noVlanFiltering } from '../attach/port-vlans.ts';
import { enterOwnNamespace, withHost } from '../attach/sides.ts';
import { refuseOtherTree } from '../attach/spanning-tree.ts';
import { planVrf } from '../attach/vlan-gateway.ts';
import { checkNftables, withNetfilterIfThere } from '../netfilter/connection.ts';
import { checkForgetting } from '../netfilter/forget-connections.ts';
import { checkForward } from '../netfilter/forward/forward.ts';
import { checkIsolation } from '../netfilter/isolation/isolation.ts';
import { checkMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { checkOutbound } from '../netfilter/masquerade/outbound.ts';
import type { Operation } from './operation.ts';

/**
 * Fails if no ADD could succeed and neither a DEL nor a GC would change that ("STATUS" in SPEC.md): a capability or a
 * kernel feature that the configuration needs is missing, or IPAM's STATUS fails. Changes nothing.
 * @throws CniError code 50, or the IPAM's; 7 if the bridge's name belongs to a link of another kind, the bridge has
 * another spanning tree, the uplink can't be a port, the VRF is missing, or an outbound address is on no link
 */
export function status({ config, ipam, begin }: Operation): void {
  begin?.('veth');
  const ability = available('links cannot be changed', 'CAP_NET_ADMIN', () => withHost(probeBridges));
  checkBridges(ability, config);
  withHost((host) => {
    const bridge = findBridge(host, config.bridge);
    if (bridge !== undefined) refuseOtherTree(config, bridge);
    if (config.vrf !== undefined) planVrf(host, config, config.vrf);
    if (config.uplink !== undefined) findUplink(host, config, config.uplink);
    checkOutbound(host, config.outboundAddresses);
  });
  begin?.('namespaces');
  available('network namespaces cannot be entered', 'CAP_SYS_ADMIN', enterOwnNamespace);
  begin?.('netfilter');
  if (config.macspoofchk) checkNftables('macspoofchk');
  if (config.ipspoofchk) checkNftables('ipspoofchk');
  if (config.ipMasq && ipam !== undefined) checkMasquerade(config.ipMasqBackend);
  if (config.forgetConnections) withNetfilterIfThere(checkForgetting);
  if (config.isolate) checkIsolation();
  if (config.forward) checkForward(config);
  begin?.('ipam');
  ipam?.status();
}

function checkBridges(ability: BridgeAbility, config: Operation['config']): void {
  if (ability === 'none') {
    const option = 'this kernel is built without CONFIG_BRIDGE, or its module is missing';
    throw new CniError(errorCode.notAvailable, 'bridges are not available', option);
  }
  if (filtersVlans(config) && ability !== 'vlans') throw noVlanFiltering(config.bridge);
}

/**
 * Does what every ADD has to be able to do.
 * @throws CniError code 50 if the kernel refuses it
 */
function available<T>(otherwise: string, capability: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const details = error.errnoName === 'EPERM' ? `EPERM: ${capability} is needed` : error.message;
    throw new CniError(errorCode.notAvailable, otherwise, details);
  }
}
