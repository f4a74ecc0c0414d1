import type { Interface, Result } from '../../cni/result.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { Addition } from '../attach/addition.ts';
import { withMtu } from '../attach/auto-mtu.ts';
import { bridgeWithAddress, bridgeWithPort, ensureBridge } from '../attach/bridge.ts';
import { BridgeGone, makePermanent } from '../attach/bridge-lifetime.ts';
import { configureContainer } from '../attach/container.ts';
import { enableForwarding } from '../attach/forwarding.ts';
import { ensureGateways, withGateways } from '../attach/gateway.ts';
import { openSides } from '../attach/sides.ts';
import { Undo } from '../attach/undo.ts';
import { ensureUplink, withUplink } from '../attach/uplink.ts';
import { connectContainer, hostEnd, refuseTakenName, removePair, type VethPair } from '../attach/veth.ts';
import { ensureVlanGateway, planVrf } from '../attach/vlan-gateway.ts';
import { addAddressCheck } from '../netfilter/address-check.ts';
import { withNetfilter, withNetfilterIfThere } from '../netfilter/connection.ts';
import { checkForgetting, forgetConnections } from '../netfilter/forget-connections.ts';
import { acceptForwarded, registerForward } from '../netfilter/forward/forward.ts';
import { forwardedOf } from '../netfilter/forward/rules.ts';
import { addIsolation, isolatedOf, removeIsolation } from '../netfilter/isolation/isolation.ts';
import { addMasquerade, removeMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { checkOutbound } from '../netfilter/masquerade/outbound.ts';
import { addSpoofCheck, removeSpoofCheck } from '../netfilter/spoof-check.ts';
import type { PlannedAdd } from './ipam.ts';
import type { Operation } from './operation.ts';

/**
 * Connects a container to the bridge ("ADD" in SPEC.md). A failure undoes everything done before it.
 * @param deliver gets the result; if it fails, so does the ADD
 * @throws CniError, NetlinkError, SystemError
 */
export function add(operation: Operation, deliver: (result: Result) => void): void {
  const { request, attachment, ipam, warn, begin } = operation;
  begin?.('ipam');
  const lease = ipam?.planAdd();
  begin?.('netfilter');
  if (operation.config.forgetConnections) withNetfilterIfThere(checkForgetting);
  begin?.('namespaces');
  const sides = openSides(request);
  const undo = new Undo();
  try {
    const config = withMtu(sides.host, operation.config, warn);
    deliver(attach(operation, { attachment, pod: request.arguments.pod, config, sides, undo }, lease));
  } catch (error) {
    begin?.('undo');
    undo.run(warn);
    throw error;
  } finally {
    sides.close();
  }
}

/** The steps of an ADD, each of which registers its undo: bridge, veth pair, addresses, gateway, netfilter. */
function attach(operation: Operation, planned: Addition, lease: PlannedAdd | undefined): Result {
  const { uplink } = planned.config;
  const addition = uplink === undefined ? planned : withUplink(planned, uplink);
  const { config, sides } = addition;
  const { begin } = operation;
  begin?.('veth');
  if (config.vrf !== undefined) planVrf(sides.host, config, config.vrf);
  checkOutbound(sides.host, config.outboundAddresses);
  refuseTakenName(addition);
  if (config.forward) registerForward(addition);
  const { bridge: plugged, veth } = plugIn(addition);
  const bridge = uplink === undefined ? plugged : ensureUplink(addition, plugged, veth);
  begin?.('netfilter');
  if (config.macspoofchk) checkSource(addition, veth);
  if (config.isolate) isolate(addition, veth);

  begin?.('ipam');
  const leased = leaseAddresses(addition, lease);
  begin?.('netfilter');
  if (config.forgetConnections) forgetEarlier(leased);
  if (config.ipspoofchk) checkAddresses(addition, veth, leased);
  begin?.('container');
  const port = config.disableContainerInterface
    ? hostEnd(sides.host, veth.host)
    : configureContainer(addition, bridge, veth, leased);

  begin?.('gateway');
  const routed = config.isGateway && leased.ips.length > 0;
  const gateway = routed && config.vlan !== 0 ? ensureVlanGateway(addition, bridge) : bridge;
  if (routed) ensureGateways(addition, bridge, gateway, leased.ips);
  begin?.('netfilter');
  if (config.ipMasq && leased.ips.length > 0) masquerade(operation, addition, leased);
  if (config.forward) acceptForwarded(forwardedOf(config, leased.ips));
  begin?.('gateway');
  if (routed) enableForwarding(addition, leased.ips);

  makePermanent(addition, bridge);
  const lasting = routed && gateway === bridge ? bridgeWithAddress(addition, bridge) : bridge;
  const links = [lasting, port, veth.container, ...(gateway === bridge ? [] : [gateway])];
  return resultOf(operation, links, leased);
}

/** How often the bridge is created again when somebody deletes it meanwhile, such as another failing ADD. */
const bridgeAttempts = 20;

function plugIn(addition: Addition): { bridge: Link; veth: VethPair } {
  for (let attempt = 1; ; attempt++) {
    let veth: VethPair | undefined;
    try {
      const bridge = ensureBridge(addition);
      veth = connectContainer(addition, bridge);
      return { bridge: bridgeWithPort(addition, bridge, veth.host.mac), veth };
    } catch (error) {
      if (veth !== undefined) removePair(addition, veth.host);
      if (!(error instanceof BridgeGone) || attempt === bridgeAttempts) throw error;
    }
  }
}

function checkSource({ attachment, undo }: Addition, { host, container }: VethPair): void {
  undo.attempt(
    `spoof check of container ${attachment.containerID}`,
    () => withNetfilter((connection) => addSpoofCheck(connection, attachment, host.name, container.mac)),
    () => withNetfilter((connection) => removeSpoofCheck(connection, attachment)),
  );
}

function isolate({ attachment, config, undo }: Addition, { host }: VethPair): void {
  undo.attempt(
    `isolation of container ${attachment.containerID}`,
    () => withNetfilter((connection) => addIsolation(connection, isolatedOf(attachment, host.name, config))),
    () => withNetfilterIfThere((connection) => connection && removeIsolation(connection, attachment, config)),
  );
}

const nothingLeased: Result = { interfaces: [], ips: [], routes: [], dns: {} };

function leaseAddresses({ attachment, config, undo }: Addition, lease: PlannedAdd | undefined): Result {
  if (lease === undefined) return nothingLeased;
  const leased = lease.run();
  undo.register(`leases of container ${attachment.containerID}`, () => lease.undo());
  return withGateways(leased, config);
}

function checkAddresses({ attachment, config, undo }: Addition, { host }: VethPair, { ips }: Result): void {
  const addresses = ips.map(({ address }) => address);
  undo.attempt(
    `address check of container ${attachment.containerID}`,
    () =>
      withNetfilter((connection) =>
        addAddressCheck(connection, attachment, { port: host.name, addresses, config }),
      ),
    () => withNetfilter((connection) => removeSpoofCheck(connection, attachment)),
  );
}

/** Whoever had the addresses before may not have been disconnected by a DEL that forgets. */
function forgetEarlier({ ips }: Result): void {
  const addresses = ips.map(({ address }) => address.ip);
  withNetfilterIfThere((connection) => connection && forgetConnections(connection, addresses));
}

function masquerade({ warn }: Operation, { attachment, config, undo }: Addition, { ips }: Result): void {
  const addresses = ips.map(({ address }) => address);
  undo.attempt(
    `masquerading of container ${attachment.containerID}`,
    () => addMasquerade(attachment, addresses, config),
    () => withNetfilterIfThere((connection) => removeMasquerade(connection, attachment, addresses, warn)),
  );
}

/** The index of the container's interface in the result, after the bridge and the host veth. */
const containerInterface = 2;

/** What a result tells of a link. */
type NamedLink = Pick<Link, 'name' | 'mac' | 'mtu'>;

/** Tells the MTU of both ends of the veth pair, for a CHECK to compare. */
function withChosenMtu(interfaces: readonly Interface[], links: readonly NamedLink[]): Interface[] {
  const isEnd = (index: number): boolean => index === containerInterface - 1 || index === containerInterface;
  return interfaces.map((one, index) => (isEnd(index) ? { ...one, mtu: links[index]?.mtu ?? 0 } : one));
}

function resultOf({ request, config }: Operation, links: readonly NamedLink[], leased: Result): Result {
  const interfaces = links.map(({ name, mac }, index) =>
    index === containerInterface ? { name, mac, sandbox: request.netns } : { name, mac },
  );
  return {
    interfaces: config.autoMtu ? withChosenMtu(interfaces, links) : interfaces,
    ips: leased.ips.map((ip) => ({ ...ip, interface: containerInterface })),
    routes: leased.routes,
    dns: Object.keys(config.dns).length > 0 ? config.dns : leased.dns,
  };
}
