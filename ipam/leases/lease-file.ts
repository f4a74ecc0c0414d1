import { closeSync, constants, openSync, unlinkSync, writeSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { encodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { remove } from './files.ts';
import { formatLease, type Lease } from './lease.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Writes a lease to a new file, mode 0600; leaves none if that fails.
 * @returns the file's descriptor, for fsync(2)
 * @throws what `#files` throws: EEXIST if the name is taken; CniError code 5 on a full disk
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

/**
 * The same if a crash left a file. That one may have become a lease under another name, so it is replaced, not
 * overwritten.
 */
export function rewriteLeaseFile(path: string, lease: Lease): number {
  try {
    return writeLeaseFile(path, lease);
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    unlinkSync(path);
    return writeLeaseFile(path, lease);
  }
}
