import { CniError, errorCode } from '../cni/error.ts';
import { toJson } from '../cni/print-result.ts';
import { KernelError, messageOf } from '../netlink/error.ts';

/** Any error as a CNI error: code 999 for the kernel's refusals, 5 for files. */
export function asCniError(error: unknown): CniError {
  if (error instanceof CniError) return error;
  if (error instanceof KernelError) {
    const { operation, object, errnoName, extack, capability } = error;
    const hint = errnoName === 'EPERM' ? [`${capability} is needed`] : [];
    const details = [errnoName, ...(extack === '' ? [] : [extack]), ...hint].join(': ');
    return new CniError(errorCode.internal, `cannot ${operation} ${object}`, details);
  }
  if (error instanceof Error && 'syscall' in error) return new CniError(errorCode.io, error.message);
  return new CniError(errorCode.internal, messageOf(error));
}

/** The error object in a version's shape ("Error" in SPEC.md). */
export function formatError(error: unknown, cniVersion: string): string {
  const { code, msg, details } = asCniError(error);
  return toJson({ cniVersion, code, msg, details: details === '' ? undefined : details });
}
