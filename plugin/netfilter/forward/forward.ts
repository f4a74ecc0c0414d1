import type { Attachment } from '../../../cni/attachment.ts';
import type { Connection } from '../../../netlink/connection.ts';
import type { Family } from '../../../netlink/ip.ts';
import type { HostAddition } from '../../attach/addition.ts';
import { isNetworkInUse } from '../../attach/other-attachments.ts';
import type { BridgeConfig } from '../../config/bridge-config.ts';
import { withNetfilterIfThere } from '../connection.ts';
import type { Lost } from '../lost.ts';
import { bothFamilies } from '../masquerade/own-table.ts';
import { acceptInLegacy, gapsInLegacy, removeFromLegacy } from './legacy.ts';
import { acceptInNftables, gapsInNftables, removeFromNftables } from './nftables.ts';
import { type Forwarded, forwardedOf } from './rules.ts';

/**
 * Adds a network's rules to each chain that drops what it forwards, in nftables, iptables-nft and legacy iptables.
 * @throws CniError code 50 if a chain can't be changed, or a program for legacy iptables is missing; NetlinkError
 */
export function acceptForwarded(forwarded: Forwarded): void {
  withNetfilterIfThere((connection) => {
    if (connection !== undefined) acceptInNftables(connection, forwarded);
  });
  acceptInLegacy(forwarded);
}

/** Registers the undo of {@link acceptForwarded}: before the veth pair is made, so that it is done after that is gone. */
export function registerForward({ attachment, config, sides: { host }, undo }: HostAddition): void {
  undo.register(`forwarding rules of network ${config.name}`, () =>
    removeUnusedForward(host, config, attachment),
  );
}

/**
 * Removes a network's rules if it has no container any more. Called after the veth of the one that goes is gone: of
 * several that go at once, the last sees no other.
 * @param gone one that doesn't count
 * @throws NetlinkError, CniError
 */
export function removeUnusedForward(host: Connection, config: BridgeConfig, gone?: Attachment): void {
  const { name, bridge } = config;
  const isInUse = (): boolean => isNetworkInUse(host, name, gone);
  if (isInUse()) return;
  const removed = new Set<Family>();
  withNetfilterIfThere((connection) => {
    if (connection === undefined) return;
    for (const of of removeFromNftables(connection, name, isInUse)) removed.add(of);
  });
  for (const of of bothFamilies) if (removeFromLegacy(of, name, isInUse)) removed.add(of);
  // An ADD that found the rules there before they were removed has made its veth before that.
  if (config.forward && removed.size > 0 && bridge !== '' && isInUse())
    acceptForwarded({ ...forwardedOf(config, []), families: [...removed] });
}

/**
 * The first chain that drops what a network forwards; undefined if none does.
 * @throws NetlinkError, CniError
 */
export function lostForward(forwarded: Forwarded): Lost | undefined {
  const [gap] = withNetfilterIfThere((connection) =>
    connection === undefined ? [] : gapsInNftables(connection, forwarded).map(({ where }) => where),
  );
  const where = gap ?? gapsInLegacy(forwarded)[0];
  if (where === undefined) return undefined;
  return {
    what: `forward of network ${forwarded.network}`,
    expected: `rules in chain ${where} that accept what ${forwarded.link} sends and its answers`,
    found: 'none, or only part of them',
  };
}

/**
 * Checks that no chain that drops is out of reach, and changes nothing.
 * @throws CniError code 50
 */
export function checkForward(config: BridgeConfig): void {
  lostForward(forwardedOf(config, []));
}
