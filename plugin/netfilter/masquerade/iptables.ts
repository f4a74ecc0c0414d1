import { accessSync, constants } from '#files';
import { libc } from '#libc';
import type { Attachment } from '../../../cni/attachment.ts';
import { CniError, errorCode } from '../../../cni/error.ts';
import { decodeText, encodeText } from '../../../netlink/bytes.ts';
import { SystemError } from '../../../netlink/error.ts';
import { readFile } from '../../../netlink/file.ts';
import { type CIDR, type Family, family } from '../../../netlink/ip.ts';
import type { Ended } from '../../../netlink/libc/libc.ts';
import type { Stale } from './iptables-jump.ts';
import { masqueradeInput, removalInput } from './iptables-rules.ts';

/** How long iptables-restore waits for the xtables lock. */
const lockSeconds = 10;
/** How long a program may take beyond that. */
const graceSeconds = 20;
const outputLimit = 256 * 1024 * 1024;
/** How often a removal is tried again after another program changed the rules that it was made for. */
const removalAttempts = 5;

/** A family's programs, and the file that names the legacy tables that are in use. */
const programs = {
  [family.ipv4]: { prefix: 'iptables', tables: '/proc/net/ip_tables_names' },
  [family.ipv6]: { prefix: 'ip6tables', tables: '/proc/net/ip6_tables_names' },
} as const;
const bothFamilies: readonly Family[] = [family.ipv4, family.ipv6];

/** Where programs are, should PATH not say so: a runtime need not set it. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

function folders(): string[] {
  return [
    ...(libc.environment('PATH').PATH ?? '').split(':').filter((folder) => folder.startsWith('/')),
    ...systemFolders,
  ];
}

/** The files of those of the programs that are installed, in the order of their names. */
function findPrograms(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    for (const folder of folders()) {
      try {
        accessSync(`${folder}/${name}`, constants.X_OK);
        return [`${folder}/${name}`];
      } catch {
        // The next folder may have it.
      }
    }
    return [];
  });
}

function run(file: string, args: readonly string[], input: string): { failure: string; stdout: string } {
  const { status, signal, stdout, stderr } = runIptables(file, args, input);
  if (status === 0) return { failure: '', stdout: decodeText(stdout) };
  const how = status === undefined ? `killed by ${signal}` : `exit status ${status}`;
  const said = decodeText(stderr)
    .trim()
    .split(/\s*\n\s*/)
    .join('; ');
  return { failure: said === '' ? how : `${how}: ${said}`, stdout: '' };
}

function runIptables(file: string, args: readonly string[], input: string): Ended {
  try {
    return libc.run({
      file,
      args,
      stdin: encodeText(input),
      outputLimit,
      milliseconds: (lockSeconds + graceSeconds) * 1000,
      stderr: 'capture',
    });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new CniError(errorCode.internal, `${file} failed`, error.message);
  }
}

function restoreFailed(file: string, failure: string): CniError {
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (failure.includes('xtables lock')) {
    return new CniError(
      errorCode.tryAgain,
      `another program held the xtables lock for ${lockSeconds} s`,
      `${name}: ${failure}`,
    );
  }
  return new CniError(errorCode.internal, `${name} failed`, failure);
}

function restore(file: string, input: string): string {
  return run(file, ['--noflush', '-w', String(lockSeconds)], input).failure;
}

/** The iptables-restore programs of a family, the one to try first coming first. */
function restorePrograms(of: Family, legacyFirst: boolean): string[] {
  const { prefix } = programs[of];
  const names = [`${prefix}-restore`, `${prefix}-legacy-restore`];
  const files = findPrograms(legacyFirst ? names.reverse() : names);
  if (files.length > 0) return files;
  throw new CniError(
    errorCode.notAvailable,
    `${prefix}-restore was not found`,
    `it is in none of ${[...new Set(folders())].join(', ')}; masquerading by iptables needs it`,
  );
}

/**
 * Checks that there is an iptables-restore for a family.
 * @throws CniError code 50
 */
export function checkIptables(of: Family): void {
  restorePrograms(of, false);
}

/**
 * Masquerades what leaves the subnets of an attachment's addresses, by one run of iptables-restore for each family.
 * @param withoutNftables whether the kernel is known to lack what iptables-nft needs
 * @throws CniError code 50 where the program is missing, 11 where the xtables lock is not to be had, 999 else
 */
export function addIptables(
  attachment: Attachment,
  addresses: readonly CIDR[],
  withoutNftables: boolean,
): void {
  for (const of of bothFamilies) {
    const own = addresses.filter(({ ip }) => ip.family === of);
    if (own.length === 0) continue;
    const input = masqueradeInput(attachment, own, of);
    const [file = '', alternative] = restorePrograms(of, withoutNftables);
    const failure = restore(file, input);
    if (failure === '') continue;
    // An iptables-nft on a kernel that has not what it needs.
    const lacking = /not supported|initialize nft/.test(failure);
    if (lacking && alternative !== undefined && restore(alternative, input) === '') continue;
    throw restoreFailed(file, failure);
  }
}

/** Whether a family's legacy nat table is in use in this network namespace. */
function hasLegacyNat(of: Family): boolean {
  try {
    return readFile(programs[of].tables).split('\n').includes('nat');
  } catch {
    // No such file: the kernel has no legacy tables, or none yet.
    return false;
  }
}

/** The families whose legacy nat table is in use; no program is run for the others. */
export function legacyFamilies(): Family[] {
  return bothFamilies.filter(hasLegacyNat);
}

/**
 * Removes from a family's legacy nat table the jumps that are stale, and their chains.
 * @param warn is told where the programs for it are missing
 * @throws CniError code 11 where the xtables lock is not to be had, 999 where a program fails
 */
export function removeIptablesLegacy(of: Family, stale: Stale, warn: (line: string) => void): void {
  const { prefix } = programs[of];
  const [save] = findPrograms([`${prefix}-legacy-save`, `${prefix}-save`]);
  const [file] = findPrograms([`${prefix}-legacy-restore`, `${prefix}-restore`]);
  if (save === undefined || file === undefined) {
    warn(`${prefix}-legacy-save and -restore were not found: masquerading in legacy ${prefix} may be left`);
    return;
  }
  for (let attempt = 1; ; attempt++) {
    const { failure, stdout } = run(save, ['-t', 'nat'], '');
    if (failure !== '') throw new CniError(errorCode.internal, `${save} failed`, failure);
    const input = removalInput(stdout, stale);
    if (input === '') return;
    const refused = restore(file, input);
    if (refused === '') return;
    const error = restoreFailed(file, refused);
    if (error.code === errorCode.tryAgain || attempt === removalAttempts) throw error;
  }
}
