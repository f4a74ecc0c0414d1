import { closeSync, constants, openSync, unlinkSync, writeSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { encodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { remove } from './files.ts';
import { formatLease, type Lease } from './lease.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Writes a lease to a file of its own, mode 0600; none is left where that fails.
 * @returns the file's descriptor, for fsync(2)
 * @throws what `#files` throws: EEXIST where the name is taken; CniError code 5 on a full disk
 */
export function writeLeaseFile(path: string, lease: Lease): number {
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    const text = encodeText(formatLease(lease));
    if (writeSync(fd, text) < text.length) throw new CniError(errorCode.io, `cannot write ${path}`, 'ENOSPC');
    return fd;
  } catch (error) {
    closeSync(fd);
    remove(path);
    throw error;
  }
}

/** The same where a crash has left a file; that one may have become a lease by another name, so it is not written to. */
export function rewriteLeaseFile(path: string, lease: Lease): number {
  try {
    return writeLeaseFile(path, lease);
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    unlinkSync(path);
    return writeLeaseFile(path, lease);
  }
}
