import { CniError, errorCode } from '../ipam/error.ts';
import { KernelError, NetlinkError } from '../netlink/error.ts';
import { goJson } from './go-json.ts';

/**
 * Writes any failure as the specification's error object (SPEC.md 1.1.0, section 5 "Error"), indented as
 * Go's plugins print theirs, without a newline at the end. `details` is left out where there are none.
 *
 * @param cniVersion the configuration's, or the latest where it isn't known
 */
export function formatError(error: unknown, cniVersion: string): string {
  const { code, msg, details } = asCniError(error);
  return goJson({ cniVersion, code, msg, details: details === '' ? undefined : details });
}

/**
 * Gives any failure its code: the kernel's refusals 999 with operation, object, errno name and the kernel's
 * own words; those of the file system 5; whatever nobody foresaw 999.
 */
export function asCniError(error: unknown): CniError {
  if (error instanceof CniError) return error;
  if (error instanceof KernelError) {
    const msg = `${error.operation} ${error.object}: ${error.errnoName}`;
    const details = [error.extack, ...missingCapability(error)].filter((text) => text !== '');
    return new CniError(errorCode.internal, msg, details.join('; '));
  }
  if (isFileError(error)) {
    const object = error.path === undefined ? '' : ` ${error.path}`;
    return new CniError(errorCode.io, `${error.syscall}${object}: ${error.code}`);
  }
  return new CniError(errorCode.internal, error instanceof Error ? error.message : String(error));
}

/** EPERM from netlink is about the network, from a system call (setns) about the namespace. */
function missingCapability(error: KernelError): string[] {
  if (error.errnoName !== 'EPERM') return [];
  return [`needs ${error instanceof NetlinkError ? 'CAP_NET_ADMIN' : 'CAP_SYS_ADMIN'}`];
}

interface FileError {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

/** Whether it has the shape of what `node:fs` throws, in Node and in Bun. */
function isFileError(error: unknown): error is FileError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'syscall' in error &&
    typeof error.syscall === 'string' &&
    (!('path' in error) || error.path === undefined || typeof error.path === 'string')
  );
}
