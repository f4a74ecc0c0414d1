import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from '#files';
import { parseLease } from '../../ipam/leases/lease.ts';
import { isAddressName } from '../../ipam/leases/lease-files.ts';
import { decodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import type { LeaseDirectory, LeaseFact } from './raw.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Longer than any lease that a runtime writes. */
const buffer = new Uint8Array(4096);

function readLease(path: string, address: string): LeaseFact {
  const file = `${path}/${address}`;
  const nothing = { address, file, containerID: '', ifname: '', time: 0 };
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    const code = fileErrorCode(error) ?? String(error);
    return { ...nothing, fault: code === 'ELOOP' ? 'a symbolic link' : code };
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { ...nothing, fault: 'not a regular file' };
    const lease = parseLease(decodeText(buffer.subarray(0, readSync(fd, buffer))));
    const time = stats.mtimeMs;
    if (lease === undefined) return { ...nothing, time, fault: 'not a lease' };
    return { ...nothing, ...lease, time, fault: undefined };
  } catch (error) {
    return { ...nothing, fault: fileErrorCode(error) ?? String(error) };
  } finally {
    closeSync(fd);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The names in a directory, in order; none where it isn't there. @throws what `#files` throws for any other reason */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(fileErrorCode(error) ?? '')) return [];
    throw error;
  }
}

/**
 * The directories of leases within a dataDir, a network's each. What isn't a lease is passed over, unless it has the
 * name of an address.
 * @throws what `#files` throws where a directory can't be read
 */
export function readLeaseDirectories(dataDir: string): LeaseDirectory[] {
  return namesIn(dataDir)
    .map((network) => ({ network, path: `${dataDir}/${network}` }))
    .filter(({ path }) => isDirectory(path))
    .map(({ network, path }) => ({
      network,
      path,
      leases: namesIn(path)
        .filter(isAddressName)
        .map((name) => readLease(path, name)),
    }));
}
