import type { Attachment } from '../../../cni/attachment.ts';
import { CniError, errorCode } from '../../../cni/error.ts';
import type { Connection } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type CIDR, family } from '../../../netlink/ip.ts';
import { getTable, tableOf } from '../../../netlink/nftables/table.ts';
import { type Kept, ownerLabel } from '../../attach/owner.ts';
import { type MasqueradeConfig, masqueraded } from '../../config/masquerade.ts';
import { checkNftables, withNetfilter } from '../connection.ts';
import { goNetworkPrefix, goPrefix, goPrefixLength } from './go-names.ts';
import { goTable, removeGoRules } from './go-nftables.ts';
import { addIptables, checkIptables, legacyFamilies, removeIptablesLegacy } from './iptables.ts';
import { jumpsOf, type StaleJumps, staleJumps } from './iptables-jump.ts';
import { iptablesTables, removeIptablesNft } from './iptables-nft.ts';
import { addNftables, removeNftables, type StaleElements } from './nftables.ts';
import { bothFamilies, ownTable } from './own-table.ts';

type Backend = MasqueradeConfig['ipMasqBackend'];

/** Whether iptables may take over if nftables can't masquerade. */
function mayFallBack(error: unknown, backend: Backend): boolean {
  return backend === undefined && error instanceof CniError && error.code === errorCode.notAvailable;
}

/**
 * Masquerades traffic that leaves an attachment's subnets: by nftables, or by iptables if the configuration says so or
 * the kernel's nftables can't masquerade.
 * @throws CniError code 50 if the backend is not available; NetlinkError
 */
export function addMasquerade(
  attachment: Attachment,
  addresses: readonly CIDR[],
  config: MasqueradeConfig,
): void {
  const { ipMasqBackend: backend } = config;
  const wanted = masqueraded(addresses, config);
  if (wanted.length === 0) return;
  if (backend === 'iptables') {
    addIptables(attachment, wanted, config, false);
    return;
  }
  try {
    withNetfilter((connection) => addNftables(connection, attachment, wanted, config));
  } catch (error) {
    if (!mayFallBack(error, backend)) throw error;
    addIptables(attachment, wanted, config, true);
  }
}

/**
 * Checks that the backend works, as far as possible without changing anything.
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

/** What a DEL or a GC removes, under the names of each backend and each plugin. */
interface StaleMasquerade {
  readonly network: string;
  readonly elements: StaleElements;
  /** Whether comments on the Go plugin's nftables rules are stale; called only if its table exists. */
  goRules(): (comment: string) => boolean;
  /** Called only if there are iptables tables, since it computes hashes. */
  jumps(): StaleJumps;
}

/**
 * Removes an attachment's masquerading, whichever backend and plugin set it up. Runs no program unless legacy iptables
 * is in use.
 * @param connection to nfnetlink; undefined if the kernel has none
 * @param addresses if known; else everything with the attachment's name is removed
 * @throws NetlinkError, CniError
 */
export function removeMasquerade(
  connection: Connection | undefined,
  attachment: Attachment,
  addresses: readonly CIDR[],
  warn: (line: string) => void,
): void {
  const label = ownerLabel(attachment);
  const stale: StaleMasquerade = {
    network: attachment.network,
    elements: { addresses, isStale: (owner) => owner === label },
    goRules() {
      const prefix = goPrefix(attachment);
      return (comment) => comment.startsWith(prefix);
    },
    jumps: () => jumpsOf(attachment, addresses),
  };
  removeStale(connection, stale, warn);
}

/**
 * Removes the masquerading of all of a network's attachments but those to keep, as {@link removeMasquerade} does.
 * @throws NetlinkError, CniError
 */
export function removeStaleMasquerade(
  connection: Connection | undefined,
  { network, attachments, labels }: Kept,
  warn: (line: string) => void,
): void {
  const stale: StaleMasquerade = {
    network,
    elements: { addresses: [], isStale: (owner) => !labels.has(owner) },
    goRules() {
      const prefix = goNetworkPrefix(network);
      const live = new Set(attachments.map(goPrefix));
      return (comment) => comment.startsWith(prefix) && !live.has(comment.slice(0, goPrefixLength));
    },
    jumps: () => staleJumps(network, attachments),
  };
  removeStale(connection, stale, warn);
}

function removeStale(
  connection: Connection | undefined,
  stale: StaleMasquerade,
  warn: (line: string) => void,
): void {
  if (connection !== undefined) removeFromNftables(connection, stale);
  const legacy = legacyFamilies();
  if (legacy.length === 0) return;
  const jumps = stale.jumps();
  for (const of of legacy) removeIptablesLegacy(of, jumps, warn);
}

/** Lists the tables once, and looks only into those that exist. */
function removeFromNftables(connection: Connection, stale: StaleMasquerade): void {
  const tables = [ownTable(stale.network), goTable, ...bothFamilies.map((of) => iptablesTables[of])];
  const replies = connection.exchange(tables.map(getTable));
  for (const { error } of replies) if (isErrno(error, 'EPERM')) throw error;
  const [hasOwn, hasGo, ...hasIptables] = replies.map((reply) => tableOf(reply) !== undefined);
  if (hasOwn === true) removeNftables(connection, stale.network, stale.elements);
  if (hasGo === true) removeGoRules(connection, stale.goRules());
  const families = bothFamilies.filter((_, index) => hasIptables[index]);
  if (families.length === 0) return;
  const jumps = stale.jumps();
  for (const of of families) removeIptablesNft(connection, of, jumps);
}
