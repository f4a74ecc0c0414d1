import { accessSync, constants, statfsSync, statSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { errnoOf } from '../leases/files.ts';
import { leaseFolder } from '../leases/lease-files.ts';
import { Store } from '../leases/store.ts';
import { rangeSetSize } from './allocate.ts';
import type { HostLocalConfig } from './config.ts';
import { countLeased, exhausted } from './lease-address.ts';
import { readRangeSets } from './ranges.ts';
import { canReclaim } from './reclaim.ts';
import type { HostLocalRequest } from './request.ts';
import { readResolvConf } from './resolv-conf.ts';

/**
 * Checks that an ADD could succeed now: resolvConf can be read, the folder written, and each range set has a free
 * address or one to take back.
 * @throws CniError code 7 for a bad configuration, 50 with the reason for all else
 */
export function hostLocalStatus(request: HostLocalRequest): void {
  const sets = readRangeSets(request);
  const { attachment, config, warn } = request;
  try {
    if (config.resolvConf) readResolvConf(config.resolvConf);
    const folder = leaseFolder(config.dataDir, attachment.network);
    checkWritable(folder);
    const store = Store.openExisting(folder, warn);
    if (store === undefined) return;
    try {
      // Removes what only looks like a lease.
      store.catchUp();
      for (const set of sets) {
        if (countLeased(store, set) < rangeSetSize(set)) continue;
        if (!mayReclaim(config) || !canReclaim(store, set)) throw exhausted(store, set);
      }
    } finally {
      store.close();
    }
  } catch (error) {
    throw error instanceof CniError ? notAvailable(error.msg, error.details) : error;
  }
}

function mayReclaim({ reclaimAfterReboot }: HostLocalConfig): boolean {
  return reclaimAfterReboot !== false;
}

function notAvailable(msg: string, details: string): CniError {
  return new CniError(errorCode.notAvailable, msg, details);
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder, or the nearest one above it where it is still to be made, must take new files. */
function checkWritable(folder: string): void {
  let path = folder;
  while (!exists(path) && path.includes('/', 1)) path = path.slice(0, path.lastIndexOf('/'));
  if (!exists(path)) path = path.startsWith('/') ? '/' : '.';
  try {
    if (!statSync(path).isDirectory()) throw notAvailable(`cannot write ${folder}`, `${path} is no folder`);
    accessSync(path, constants.W_OK | constants.X_OK);
    const { bfree, files, ffree } = statfsSync(path);
    // Some file systems do not count files.
    if (bfree === 0 || (files > 0 && ffree === 0)) throw notAvailable(`cannot write ${folder}`, 'ENOSPC');
  } catch (error) {
    throw error instanceof CniError ? error : notAvailable(`cannot write ${folder}`, errnoOf(error));
  }
}
