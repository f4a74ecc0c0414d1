import type { Connection } from '../../netlink/connection.ts';
import { getLink, isThere, setLink } from '../../netlink/route/link.ts';
import { BridgeGone } from '../../plugin/attach/bridge-lifetime.ts';
import { ensureGateways } from '../../plugin/attach/gateway.ts';
import { isNetworkInUse } from '../../plugin/attach/other-attachments.ts';
import { completePort, hasPortOptions, portSettings } from '../../plugin/attach/port-options.ts';
import { filtersVlans, setPortVlans } from '../../plugin/attach/port-vlans.ts';
import { withHost } from '../../plugin/attach/sides.ts';
import { Undo } from '../../plugin/attach/undo.ts';
import { ensureVlanGateway } from '../../plugin/attach/vlan-gateway.ts';
import { addAddressCheck } from '../../plugin/netfilter/address-check.ts';
import { withNetfilter, withNetfilterIfThere } from '../../plugin/netfilter/connection.ts';
import { acceptForwarded, removeUnusedForward } from '../../plugin/netfilter/forward/forward.ts';
import { forwardedOf } from '../../plugin/netfilter/forward/rules.ts';
import { addIsolation, removeIsolation } from '../../plugin/netfilter/isolation/isolation.ts';
import { addMasquerade, removeMasquerade } from '../../plugin/netfilter/masquerade/masquerade.ts';
import { addSpoofCheck, removeSpoofCheck } from '../../plugin/netfilter/spoof-check.ts';
import { lookInside } from '../facts/namespaces.ts';
import type { Loss } from './finding.ts';

type Of<K extends Loss['kind']> = Extract<Loss, { kind: K }>;
type Warn = (line: string) => void;

/** Looked at again afterwards: a DEL that came meanwhile has found nothing to take away. */
function restoreMasquerade(
  host: Connection,
  { attachment, veth, addresses, config }: Of<'masquerade'>,
  warn: Warn,
): void {
  if (!isThere(host, veth)) return;
  addMasquerade(attachment, addresses, config);
  if (isThere(host, veth)) return;
  withNetfilterIfThere((connection) => removeMasquerade(connection, attachment, addresses, warn));
}

function restoreSpoofCheck(
  host: Connection,
  { attachment, veth, namespace, addresses, config }: Of<'spoof check'>,
): void {
  const inside = lookInside(namespace, veth.peer);
  if (inside === undefined || !isThere(host, veth)) return;
  withNetfilter((connection) => {
    if (config.macspoofchk) addSpoofCheck(connection, attachment, veth.name, inside.link.mac);
    if (config.ipspoofchk) addAddressCheck(connection, attachment, { port: veth.name, addresses, config });
    if (!isThere(host, veth)) removeSpoofCheck(connection, attachment);
  });
}

/** By an ADD's own steps, but that an address which is in the way stays: it may be somebody else's. */
function restoreGateway(host: Connection, { attachment, config, gateways }: Of<'gateway'>, warn: Warn): void {
  const bridge = getLink(host, config.bridge);
  if (bridge === undefined) throw new BridgeGone(config.bridge);
  const undo = new Undo();
  const addition = { attachment, config: { ...config, forceAddress: false }, sides: { host }, undo };
  const ips = gateways.map((address) => ({ address, gateway: address.ip }));
  try {
    const link = config.vlan === 0 ? bridge : ensureVlanGateway(addition, bridge);
    ensureGateways(addition, bridge, link, ips);
  } catch (error) {
    undo.run(warn);
    throw error;
  }
}

function restorePort(host: Connection, { veth, namespace, config }: Of<'port'>): void {
  const bridge = getLink(host, config.bridge);
  if (bridge === undefined || !isThere(host, veth)) return;
  const port = portSettings(config);
  host.execute(
    ...(port === undefined ? [] : [setLink(veth, { port })]),
    ...(filtersVlans(config) ? setPortVlans(bridge, veth, config) : []),
  );
  const inside = namespace === undefined ? undefined : lookInside(namespace, veth.peer, 'addresses');
  if (inside !== undefined && hasPortOptions(config)) completePort(host, veth, inside.link.mac, config);
}

function restoreIsolation(host: Connection, { isolated, config, veth }: Of<'isolation'>): void {
  if (!isThere(host, veth)) return;
  withNetfilter((connection) => {
    addIsolation(connection, isolated);
    if (!isThere(host, veth)) removeIsolation(connection, isolated.attachment, config);
  });
}

/** Of no use, and in nobody's hands, where the last container has gone meanwhile. */
function restoreForward(host: Connection, { config, addresses }: Of<'forward'>): void {
  const ips = addresses.map((address) => ({ address }));
  if (isNetworkInUse(host, config.name)) acceptForwarded(forwardedOf(config, ips));
  removeUnusedForward(host, config);
}

/**
 * Gives a container, or a bridge, back what it has lost. Nothing is done where it is gone meanwhile.
 * @throws CniError, NetlinkError, SystemError
 */
export function restore(loss: Loss, warn: Warn): void {
  withHost((host) => {
    if (loss.kind === 'masquerade') restoreMasquerade(host, loss, warn);
    else if (loss.kind === 'spoof check') restoreSpoofCheck(host, loss);
    else if (loss.kind === 'isolation') restoreIsolation(host, loss);
    else if (loss.kind === 'forward') restoreForward(host, loss);
    else if (loss.kind === 'port') restorePort(host, loss);
    else if (loss.kind === 'gateway') restoreGateway(host, loss, warn);
    else host.execute(setLink(loss.bridge, { up: true }));
  });
}
