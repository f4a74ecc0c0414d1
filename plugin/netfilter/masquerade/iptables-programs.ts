import { accessSync, constants } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../../../cni/error.ts';
import { decodeText, encodeText } from '../../../netlink/bytes.ts';
import { SystemError } from '../../../netlink/error.ts';
import { type Family, family } from '../../../netlink/ip.ts';
import type { Ended } from '../../../netlink/libc/libc.ts';

/** How long iptables-restore waits for the xtables lock. */
const lockSeconds = 10;
/** How long a program may run beyond that. */
const graceSeconds = 20;
const outputLimit = 256 * 1024 * 1024;

/** The prefix of a family's programs. */
export const programPrefix = { [family.ipv4]: 'iptables', [family.ipv6]: 'ip6tables' } as const;

/** Searched before PATH, which may come from somebody who must not choose what root runs. */
const systemDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

function searchedDirectories(): string[] {
  const path = (libc.environment('PATH').PATH ?? '').split(':').filter((one) => one.startsWith('/'));
  return [...new Set([...systemDirectories, ...path])];
}

/** The paths of the installed ones of these programs, in the given order. */
export function findPrograms(names: readonly string[]): string[] {
  const directories = searchedDirectories();
  return names.flatMap((name) => {
    const path = directories.map((directory) => `${directory}/${name}`).find(isExecutable);
    return path === undefined ? [] : [path];
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The iptables-restore programs of a family, in the order in which to try them.
 * @throws CniError code 50 if there is none
 */
export function restorePrograms(of: Family, legacyFirst: boolean): string[] {
  const prefix = programPrefix[of];
  const names = [`${prefix}-restore`, `${prefix}-legacy-restore`];
  const paths = findPrograms(legacyFirst ? names.reverse() : names);
  if (paths.length > 0) return paths;
  throw new CniError(
    errorCode.notAvailable,
    `${prefix}-restore was not found`,
    `it is in none of ${searchedDirectories().join(', ')}; masquerading by iptables needs it`,
  );
}

/**
 * Runs iptables-restore, keeping the rules that its input doesn't mention.
 * @returns how it failed; empty if it succeeded
 * @throws CniError code 999 if it can't be run
 */
export function restore(path: string, input: string): string {
  return run(path, ['--noflush', '-w', String(lockSeconds)], input).failure;
}

/** The error for a {@link restore} that failed: code 11 if another program held the lock, else 999. */
export function restoreFailed(path: string, failure: string): CniError {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (failure.includes('xtables lock')) {
    return new CniError(
      errorCode.tryAgain,
      `another program held the xtables lock for ${lockSeconds} s`,
      `${name}: ${failure}`,
    );
  }
  return new CniError(errorCode.internal, `${name} failed`, failure);
}

/**
 * The output of iptables-save for a table.
 * @throws CniError code 999
 */
export function saveTable(path: string, table: 'nat' | 'filter'): string {
  const { failure, stdout } = run(path, ['-t', table], '');
  if (failure !== '') throw new CniError(errorCode.internal, `${path} failed`, failure);
  return stdout;
}

function run(path: string, args: readonly string[], input: string): { failure: string; stdout: string } {
  const { status, signal, stdout, stderr } = waitFor(path, args, input);
  if (status === 0) return { failure: '', stdout: decodeText(stdout) };
  const how = status === undefined ? `killed by ${signal}` : `exit status ${status}`;
  const said = decodeText(stderr)
    .trim()
    .split(/\s*\n\s*/)
    .join('; ');
  return { failure: said === '' ? how : `${how}: ${said}`, stdout: '' };
}

function waitFor(file: string, args: readonly string[], input: string): Ended {
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
