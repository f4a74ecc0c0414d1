import type { Attachment } from '../../../cni/attachment.ts';
import { errorCode } from '../../../cni/error.ts';
import { readFile } from '../../../netlink/file.ts';
import { type CIDR, type Family, family } from '../../../netlink/ip.ts';
import type { MasqueradeConfig } from '../../config/masquerade.ts';
import type { StaleJumps } from './iptables-jump.ts';
import {
  findPrograms,
  programPrefix,
  restore,
  restoreFailed,
  restorePrograms,
  saveTable,
} from './iptables-programs.ts';
import { lostAddress, masqueradeInput, removalInput } from './iptables-rules.ts';
import { bothFamilies } from './own-table.ts';
import { policyOf } from './policy.ts';

/** How often a removal is retried after another program changed the rules meanwhile. */
const removalAttempts = 20;

/** The files that list each family's legacy tables in use. */
const tablesInUse = {
  [family.ipv4]: '/proc/net/ip_tables_names',
  [family.ipv6]: '/proc/net/ip6_tables_names',
};

/**
 * Checks that there is an iptables-restore for a family.
 * @throws CniError code 50
 */
export function checkIptables(of: Family): void {
  restorePrograms(of, false);
}

/**
 * Masquerades traffic that leaves an attachment's subnets, by one run of iptables-restore for each family.
 * @param withoutNftables whether the kernel is known not to have what iptables-nft needs
 * @throws CniError code 50 if the program is missing, 11 if another program held the xtables lock, else 999
 */
export function addIptables(
  attachment: Attachment,
  addresses: readonly CIDR[],
  config: MasqueradeConfig,
  withoutNftables: boolean,
): void {
  for (const of of bothFamilies) {
    const own = addresses.filter(({ ip }) => ip.family === of);
    if (own.length === 0) continue;
    const input = masqueradeInput(attachment, own, of, policyOf(of, config));
    const [path = '', alternative] = restorePrograms(of, withoutNftables);
    const failure = restore(path, input);
    if (failure === '') continue;
    // iptables-nft, on a kernel without what it needs.
    const lacking = /not supported|initialize nft/.test(failure);
    if (lacking && alternative !== undefined && restore(alternative, input) === '') continue;
    throw restoreFailed(path, failure);
  }
}

/** The families whose legacy nat table is in use in this network namespace; no program runs for the others. */
export function legacyFamilies(): Family[] {
  return bothFamilies.filter((of) => hasLegacy(of, 'nat'));
}

/** Whether a family's legacy table is in use in this network namespace. */
export function hasLegacy(of: Family, table: 'nat' | 'filter'): boolean {
  try {
    return readFile(tablesInUse[of]).split('\n').includes(table);
  } catch {
    // No such file: the kernel has no legacy tables, or none yet.
    return false;
  }
}

/** The path of a family's iptables-save for legacy tables; undefined if there is none. */
export function findSave(of: Family): string | undefined {
  const prefix = programPrefix[of];
  return findPrograms([`${prefix}-legacy-save`, `${prefix}-save`])[0];
}

/**
 * Removes stale jumps and their chains from a family's legacy nat table.
 * @param warn gets a line if the programs for it are missing
 * @throws CniError code 11 if another program held the xtables lock, 999 if a program fails
 */
export function removeIptablesLegacy(of: Family, stale: StaleJumps, warn: (line: string) => void): void {
  const prefix = programPrefix[of];
  const save = findSave(of);
  const [path] = findPrograms([`${prefix}-legacy-restore`, `${prefix}-restore`]);
  if (save === undefined || path === undefined) {
    warn(`${prefix}-legacy-save and -restore were not found: masquerading in legacy ${prefix} may remain`);
    return;
  }
  for (let attempt = 1; ; attempt++) {
    const input = removalInput(saveTable(save, 'nat'), stale);
    if (input === '') return;
    const refused = restore(path, input);
    if (refused === '') return;
    const error = restoreFailed(path, refused);
    if (error.code === errorCode.tryAgain || attempt === removalAttempts) throw error;
  }
}

/**
 * The first of a family's addresses that legacy iptables doesn't masquerade by this chain; undefined if there is none,
 * or if there is no program to ask.
 * @throws CniError code 999 if the program fails
 */
export function lostIptablesLegacy(of: Family, addresses: readonly CIDR[], chain: string): CIDR | undefined {
  const save = findSave(of);
  return save === undefined ? undefined : lostAddress(saveTable(save, 'nat'), chain, addresses);
}

/**
 * What iptables-save prints of a family's legacy nat table; nothing where there is no such program.
 * @throws CniError code 999 where the program fails
 */
export function savedNat(of: Family): string {
  const save = findSave(of);
  return save === undefined ? '' : saveTable(save, 'nat');
}

/**
 * The lines of a family's legacy filter table, as iptables-save prints them; none where it isn't in use, and where no
 * program is there to ask.
 * @throws CniError code 999 where the program fails
 */
export function legacyFilter(of: Family): string[] {
  const save = hasLegacy(of, 'filter') ? findSave(of) : undefined;
  return save === undefined ? [] : saveTable(save, 'filter').split('\n');
}
