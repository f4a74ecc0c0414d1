import type { Attachment } from '../../cni/attachment.ts';
import { CniError, errorCode } from '../../cni/error.ts';
import type { Result } from '../../cni/result.ts';
import { isErrno } from '../../netlink/error.ts';
import { getLink, type Link } from '../../netlink/route/link.ts';
import { ensureBridge, proveBridge } from '../attach/bridge.ts';
import { configureContainer } from '../attach/container.ts';
import { enableForwarding, ensureGateways, withGateways } from '../attach/gateway.ts';
import { ownerLabel } from '../attach/owner.ts';
import { openSides, type Sides } from '../attach/sides.ts';
import { Undo } from '../attach/undo.ts';
import { connectContainer, endOf, type VethPair } from '../attach/veth.ts';
import { ensureVlanGateway } from '../attach/vlan-gateway.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Request } from '../config/request.ts';
import { withNetfilter, withNetfilterIfThere } from '../netfilter/connection.ts';
import { addMasquerade, removeMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { addSpoofCheck, removeSpoofCheck } from '../netfilter/spoof-check.ts';
import type { Ipam } from './ipam.ts';

/**
 * Connects a container to the bridge ("ADD" in SPEC.md): the bridge, the veth pair, the addresses, the gateway, the
 * masquerading, the forwarding. A failure takes back all that was done before it.
 * @param deliver is given the result; when it fails, so does the ADD
 * @throws CniError, NetlinkError, SystemError
 */
export function add(
  request: Request,
  config: BridgeConfig,
  ipam: Ipam | undefined,
  warn: (line: string) => void,
  deliver: (result: Result) => void,
): void {
  const attachment = { network: config.name, containerID: request.containerID, ifname: request.ifname };
  ipam?.validate();
  const sides = openSides(request.netns, request.allowOwnNamespace);
  const undo = new Undo();
  try {
    const { bridge, veth } = plugIn(sides, attachment, config, undo);
    if (config.macspoofchk) checkSource(attachment, veth, undo);
    const leased = leaseAddresses(attachment, config, ipam, undo);
    const { enabledad, disableContainerInterface } = config;
    const port = disableContainerInterface
      ? endOf(sides.host, veth.hostName)
      : configureContainer(sides, bridge, veth, leased, enabledad, undo);
    const vlanGateway =
      config.isGateway && config.vlan !== 0 && leased.ips.length > 0
        ? ensureVlanGateway(sides.host, bridge, config, attachment, undo)
        : undefined;
    if (config.isGateway) {
      ensureGateways(sides.host, bridge, vlanGateway ?? bridge, leased.ips, config, attachment, undo);
    }
    if (config.ipMasq && leased.ips.length > 0) masqueradeAddresses(attachment, leased, config, warn, undo);
    if (config.isGateway) enableForwarding(sides.host, leased.ips, attachment, undo);
    proveBridge(sides.host, bridge, attachment, undo);
    deliver(resultOf(request, config, [bridge, port, veth.container], vlanGateway, leased));
  } catch (error) {
    undo.run(warn);
    throw error;
  } finally {
    sides.close();
  }
}

/** How often the bridge is made again when another ADD's undo takes it away under this one. */
const bridgeAttempts = 5;

function plugIn(
  sides: Sides,
  attachment: Attachment,
  config: BridgeConfig,
  undo: Undo,
): { bridge: Link; veth: VethPair } {
  for (let attempt = 1; ; attempt++) {
    let bridge: Link | undefined;
    try {
      bridge = ensureBridge(sides.host, config, undo);
      const owner = ownerLabel(attachment);
      return { bridge, veth: connectContainer(sides, bridge, attachment.ifname, owner, config, undo) };
    } catch (error) {
      const gone =
        bridge === undefined
          ? error instanceof CniError && error.code === errorCode.tryAgain
          : isErrno(error, 'EINVAL', 'ENODEV') && getLink(sides.host, bridge.name)?.index !== bridge.index;
      if (!gone || attempt === bridgeAttempts) throw error;
    }
  }
}

const nothingLeased: Result = { interfaces: [], ips: [], routes: [], dns: {} };

function leaseAddresses(
  attachment: Attachment,
  config: BridgeConfig,
  ipam: Ipam | undefined,
  undo: Undo,
): Result {
  if (ipam === undefined) return nothingLeased;
  const leased = ipam.add();
  undo.register(`leases of container ${attachment.containerID}`, () => ipam.del());
  return withGateways(leased, config);
}

function checkSource(attachment: Attachment, { hostName, container }: VethPair, undo: Undo): void {
  undo.attempt(
    `spoof check of container ${attachment.containerID}`,
    () => withNetfilter((connection) => addSpoofCheck(connection, attachment, hostName, container.mac)),
    () => withNetfilter((connection) => removeSpoofCheck(connection, attachment)),
  );
}

function masqueradeAddresses(
  attachment: Attachment,
  { ips }: Result,
  { ipMasqBackend }: BridgeConfig,
  warn: (line: string) => void,
  undo: Undo,
): void {
  const addresses = ips.map(({ address }) => address);
  undo.attempt(
    `masquerading of container ${attachment.containerID}`,
    () => addMasquerade(attachment, addresses, ipMasqBackend),
    () => withNetfilterIfThere((connection) => removeMasquerade(connection, attachment, addresses, warn)),
  );
}

function resultOf(
  { netns }: Request,
  config: BridgeConfig,
  [bridge, port, container]: readonly [Link, Link, Link],
  vlanGateway: Link | undefined,
  { ips, routes, dns }: Result,
): Result {
  return {
    interfaces: [
      { name: bridge.name, mac: bridge.mac },
      { name: port.name, mac: port.mac },
      { name: container.name, mac: container.mac, sandbox: netns },
      ...(vlanGateway === undefined ? [] : [{ name: vlanGateway.name, mac: vlanGateway.mac }]),
    ],
    ips: ips.map((ip) => ({ ...ip, interface: 2 })),
    routes,
    dns: Object.keys(config.dns).length > 0 ? config.dns : dns,
  };
}
