import { CniError, errorCode } from '../ipam/error.ts';
import { type Connection, openNetfilter, openRoute } from '../netlink/connection.ts';
import { isErrno } from '../netlink/error.ts';
import { deleteLink, listLinks } from '../netlink/link.ts';
import type { BridgeConfig } from './config.ts';
import type { Ipam } from './ipam.ts';
import { removeStaleMasquerade } from './masquerade/nftables.ts';
import { networkLabel, ownerLabel } from './owner.ts';
import { removeStaleSpoofChecks } from './spoof-check.ts';

/**
 * Removes what belongs to no attachment of the list ("GC" in SPEC.md): spoof checks, masquerading, host veths, leases.
 * @throws CniError code 7 without a list; NetlinkError
 */
export function gc(config: BridgeConfig, ipam: Ipam | undefined): void {
  const { name: network, validAttachments: valid } = config;
  if (valid === undefined) {
    throw new CniError(
      errorCode.invalidConfig,
      'invalid configuration',
      'cni.dev/valid-attachments is missing',
    );
  }
  const attachments = valid.map(({ containerID, ifname }) => ({ network, containerID, ifname }));
  const kept = new Set(attachments.map(ownerLabel));
  const netfilter = openNetfilter();
  const route = openRoute();
  try {
    removeStaleSpoofChecks(netfilter, network, attachments, () => listLinks(route));
    removeStaleMasquerade(netfilter, network, kept);
    deleteStaleVeths(route, network, kept);
    ipam?.gc(valid);
  } finally {
    route.close();
    netfilter.close();
  }
}

function deleteStaleVeths(route: Connection, network: string, kept: ReadonlySet<string>): void {
  const label = networkLabel(network);
  const stale = listLinks(route).filter(
    ({ kind, alias }) => kind === 'veth' && alias.startsWith(label) && !kept.has(alias),
  );
  if (stale.length === 0) return;
  for (const { error } of route.exchange(stale.map(({ name }) => deleteLink(name)))) {
    if (error !== undefined && !isErrno(error, 'ENODEV')) throw error;
  }
}
