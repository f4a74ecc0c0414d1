import { closeSync } from '#files';
import { openRoute } from '../../netlink/connection.ts';
import { messageOf } from '../../netlink/error.ts';
import { type CIDR, parseCIDR } from '../../netlink/ip.ts';
import { newNamespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { getLink, newBridge, newVeth } from '../../netlink/route/link.ts';
import { filtersVlans, noVlanFiltering } from '../../plugin/attach/port-vlans.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import { addAddressCheck } from '../../plugin/netfilter/address-check.ts';
import { withNetfilter } from '../../plugin/netfilter/connection.ts';
import { addIsolation, isolatedOf } from '../../plugin/netfilter/isolation/isolation.ts';
import { addMasquerade } from '../../plugin/netfilter/masquerade/masquerade.ts';
import { addSpoofCheck } from '../../plugin/netfilter/spoof-check.ts';

const attachment = { network: 'doctor', containerID: 'doctor', ifname: 'eth0' };

/** Does what the kernel has to be able to do. @throws where it isn't */
function exercise(config: BridgeConfig, subnets: readonly CIDR[]): void {
  const route = openRoute();
  try {
    route.execute(
      newBridge('doctor', { vlanFiltering: filtersVlans(config) || undefined }),
      newVeth('veth', {}, { name: 'eth0', settings: {} }),
    );
    // A kernel that can't takes no notice of what was asked for.
    if (filtersVlans(config) && getLink(route, 'doctor')?.vlanFiltering !== true)
      throw noVlanFiltering(config.bridge);
  } finally {
    route.close();
  }
  if (config.ipMasq && subnets.length > 0) addMasquerade(attachment, subnets, config);
  if (config.isolate) {
    withNetfilter((connection) => addIsolation(connection, isolatedOf(attachment, 'veth', config)));
  }
  if (config.macspoofchk) {
    withNetfilter((connection) => addSpoofCheck(connection, attachment, 'veth', '02:00:00:00:00:01'));
  }
  if (config.ipspoofchk) {
    withNetfilter((connection) =>
      addAddressCheck(connection, attachment, { port: 'veth', addresses: subnets, config }),
    );
  }
}

/**
 * What the kernel lacks for a configuration, tried in a throwaway network namespace; empty where it has all.
 * @param subnets as `10.15.20.0/16`
 * @throws SystemError EPERM without CAP_SYS_ADMIN
 */
export function lackedBy(config: BridgeConfig, subnets: readonly string[]): string {
  const own = openOwnNamespace();
  try {
    const trial = newNamespace();
    try {
      within(trial, own, () =>
        exercise(
          config,
          subnets.flatMap((text) => parseCIDR(text) ?? []),
        ),
      );
      return '';
    } catch (error) {
      return messageOf(error);
    } finally {
      closeSync(trial.fd);
    }
  } finally {
    closeSync(own.fd);
  }
}
