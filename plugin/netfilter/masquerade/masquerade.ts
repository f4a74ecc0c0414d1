import type { Attachment } from '../../../cni/attachment.ts';
import { CniError, errorCode } from '../../../cni/error.ts';
import type { Connection } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type CIDR, type Family, family } from '../../../netlink/ip.ts';
import type { Table } from '../../../netlink/nftables/message.ts';
import { getTable, tableOf } from '../../../netlink/nftables/table.ts';
import type { Kept } from '../../attach/owner.ts';
import type { BridgeConfig } from '../../config/bridge-config.ts';
import { checkNftables, withNetfilter } from '../connection.ts';
import { referenceNetworkPrefix, referencePrefix, referencePrefixLength } from './go-names.ts';
import { referenceTable, removeReferenceRules } from './go-nftables.ts';
import { addIptables, checkIptables, legacyFamilies, removeIptablesLegacy } from './iptables.ts';
import { jumpsOf, type Stale, staleJumps } from './iptables-jump.ts';
import { iptablesTables, removeIptablesNft } from './iptables-nft.ts';
import { addNftables, removeNftables, removeStaleNftables } from './nftables.ts';
import { masqueradeTable } from './own-table.ts';

type Backend = BridgeConfig['ipMasqBackend'];

/** Whether iptables may do what nftables can't. */
function mayFallBack(error: unknown, backend: Backend): boolean {
  return backend === undefined && error instanceof CniError && error.code === errorCode.notAvailable;
}

/**
 * Masquerades what leaves the subnets of an attachment's addresses: by nftables, or by iptables where that is asked
 * for or the kernel has no nftables that could.
 * @throws CniError code 50 where the backend is not to be had; NetlinkError
 */
export function addMasquerade(attachment: Attachment, addresses: readonly CIDR[], backend: Backend): void {
  if (backend === 'iptables') {
    addIptables(attachment, addresses, false);
    return;
  }
  try {
    withNetfilter((connection) => addNftables(connection, attachment, addresses));
  } catch (error) {
    if (!mayFallBack(error, backend)) throw error;
    addIptables(attachment, addresses, true);
  }
}

/**
 * Checks that the backend could do its work, as far as that shows without changing anything.
 * @throws CniError code 50
 */
export function checkMasquerade(backend: Backend): void {
  if (backend === 'iptables') {
    checkIptables(family.ipv4);
    return;
  }
  try {
    checkNftables('masquerading by nftables');
  } catch (error) {
    if (!mayFallBack(error, backend)) throw error;
    checkIptables(family.ipv4);
  }
}

/** What there is that may hold masquerading, whoever made it. */
interface Found {
  readonly own: boolean;
  readonly reference: boolean;
  readonly iptables: readonly Table[];
  readonly legacy: readonly Family[];
}

/** Asks once for all. */
function find(connection: Connection | undefined, network: string): Found {
  const legacy = legacyFamilies();
  if (connection === undefined) return { own: false, reference: false, iptables: [], legacy };
  const replies = connection.exchange(
    [masqueradeTable(network), referenceTable, ...iptablesTables].map((table) => getTable(table)),
  );
  for (const { error } of replies) if (isErrno(error, 'EPERM')) throw error;
  const [own, reference, ...iptables] = replies.map((reply) => tableOf(reply) !== undefined);
  return {
    own: own === true,
    reference: reference === true,
    iptables: iptablesTables.filter((_, index) => iptables[index]),
    legacy,
  };
}

/** The hashes that name iptables' chains are made only where there are such chains. */
function removeIptables(
  connection: Connection | undefined,
  { iptables, legacy }: Found,
  stale: () => Stale,
  warn: (line: string) => void,
): void {
  if (iptables.length === 0 && legacy.length === 0) return;
  const jumps = stale();
  if (connection !== undefined) for (const table of iptables) removeIptablesNft(connection, table, jumps);
  for (const of of legacy) removeIptablesLegacy(of, jumps, warn);
}

/**
 * Ends the masquerading of an attachment, by whichever backend and whichever plugin it was begun. Runs no program
 * unless legacy iptables is in use.
 * @param connection to nfnetlink, undefined where the kernel has none
 * @param addresses where they are known; else all that bears the attachment's name goes
 * @throws NetlinkError, CniError
 */
export function removeMasquerade(
  connection: Connection | undefined,
  attachment: Attachment,
  addresses: readonly CIDR[],
  warn: (line: string) => void,
): void {
  const found = find(connection, attachment.network);
  if (connection !== undefined) {
    if (found.own) removeNftables(connection, attachment, addresses);
    if (found.reference) {
      const prefix = referencePrefix(attachment);
      removeReferenceRules(connection, (comment) => comment.startsWith(prefix));
    }
  }
  removeIptables(connection, found, () => jumpsOf(attachment, addresses), warn);
}

/**
 * Ends the masquerading of every attachment of a network but those that are kept, as {@link removeMasquerade}.
 * @throws NetlinkError, CniError
 */
export function removeStaleMasquerade(
  connection: Connection | undefined,
  { network, attachments, labels }: Kept,
  warn: (line: string) => void,
): void {
  const found = find(connection, network);
  if (connection !== undefined) {
    if (found.own) removeStaleNftables(connection, network, labels);
    if (found.reference) {
      const prefix = referenceNetworkPrefix(network);
      const live = new Set(attachments.map(referencePrefix));
      removeReferenceRules(
        connection,
        (comment) => comment.startsWith(prefix) && !live.has(comment.slice(0, referencePrefixLength)),
      );
    }
  }
  removeIptables(connection, found, () => staleJumps(network, attachments), warn);
}
