import { accessSync, constants, statfsSync, statSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { leaseDirectory } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import { planLeases } from './plan.ts';
import type { HostLocalRequest } from './request.ts';
import { readResolvConf } from './resolv-conf.ts';

/**
 * Checks what neither a DEL nor a GC can fix: that the configuration is valid, resolvConf is readable, and the lease
 * directory is writable.
 *
 * It doesn't check for a full range. On a failing STATUS a runtime treats the node's network as down, and may put off
 * the very GC that would free addresses; an ADD without a free address says so itself.
 * @throws CniError code 7 for a bad configuration, 50 with the reason for everything else
 */
export function hostLocalStatus(request: HostLocalRequest): void {
  planLeases(request);
  const { attachment, config, warn } = request;
  try {
    if (config.resolvConf) readResolvConf(config.resolvConf);
    const directory = leaseDirectory(config.dataDir, attachment.network);
    checkWritable(directory);
    Store.openExisting(directory, warn)?.close();
  } catch (error) {
    throw error instanceof CniError ? notAvailable(error.msg, error.details) : error;
  }
}

function notAvailable(msg: string, details: string): CniError {
  return new CniError(errorCode.notAvailable, msg, details);
}

/** New files must be possible in the directory, or in its nearest existing ancestor. */
function checkWritable(directory: string): void {
  const refusal = (reason: string): CniError => notAvailable(`cannot write ${directory}`, reason);
  for (let path = directory; ; path = parentOf(path)) {
    try {
      if (!statSync(path).isDirectory()) throw refusal(`${path} is not a directory`);
      accessSync(path, constants.W_OK | constants.X_OK);
      const { bfree, files, ffree } = statfsSync(path);
      // Some file systems do not count files.
      if (bfree === 0 || (files > 0 && ffree === 0)) throw refusal('ENOSPC');
      return;
    } catch (error) {
      if (error instanceof CniError) throw error;
      const errno = fileErrorCode(error) ?? String(error);
      if (!['ENOENT', 'ENOTDIR'].includes(errno) || path === parentOf(path)) throw refusal(errno);
    }
  }
}

/** The parent directory; that of `/` and `.` is itself. */
function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
