import { closeSync, fsyncSync, linkSync, mkdirSync, readdirSync, utimesSync } from '#files';
import type { Stats } from '../netlink/libc/files.ts';
import { AttachmentIndex, type IndexEntry } from './attachment-index.ts';
import { CniError, errorCode } from './error.ts';
import { errnoOf, look, readText, refused, remove } from './files.ts';
import { LastReserved } from './last-reserved.ts';
import { type Lease, parseLease } from './lease.ts';
import { rewriteLeaseFile, writeLeaseFile } from './lease-file.ts';
import { lockFile } from './lock.ts';

/** A lease and the address it is of. */
export interface LeasedAddress extends Lease {
  readonly address: string;
}

/** Where leases are kept unless the configuration says otherwise. */
const defaultDataDir = '/var/lib/cni/networks';

/**
 * Seconds since 1970: the modification time that a folder is given when its index is complete. Whoever changes the
 * folder after that, the Go host-local or an operator, changes the time too, however coarse the clock; so one look
 * tells whether the index can be trusted. Another format of the index would need another time.
 */
const stamp = 981_173_106;

/** The folder of a network's leases. */
export function leaseFolder(dataDir: string | undefined, network: string): string {
  return `${dataDir || defaultDataDir}/${network}`;
}

/** Whether a file name may be a lease's, judged by its letters. */
export function isAddressName(name: string): boolean {
  return /^[0-9a-f]*[.:][0-9a-f.:]+$/i.test(name);
}

/** What is known of a folder; undefined for none. */
function refuseUnlessFolder(path: string): Stats | undefined {
  const stats = look(path);
  if (stats?.isDirectory() !== false) return stats;
  throw new CniError(errorCode.io, `cannot use ${path}`, 'it is no folder; links are not followed');
}

/**
 * The folder of a network's leases, locked. As the Go host-local has it: a file for each address,
 * `last_reserved_ip.N` for each range set, and `lock`; beside them, in `.attachments`, an index by container.
 *
 * While the folder bears the stamp, each lease is in the index. Steps are taken in an order that keeps this true
 * whatever the step at which the process dies; the next one then looks through the folder and sets it right.
 */
export class Store {
  private readonly index: AttachmentIndex;
  /** Leases that could not be put in the index, as on a file system without hard links. */
  private readonly unindexed: LeasedAddress[] = [];
  private complete = true;
  private obstacle: CniError | undefined;
  private stamped = false;
  private draft: number | undefined;
  private readonly unsynced: number[] = [];

  private constructor(
    readonly folder: string,
    private readonly lock: number,
    private readonly warn: (line: string) => void,
  ) {
    this.index = new AttachmentIndex(`${folder}/.attachments`);
  }

  /**
   * Locks the folder of a network; makes it where it is missing.
   * @throws CniError code 5
   */
  static open(folder: string, warn: (line: string) => void): Store {
    const store = Store.openExisting(folder, warn);
    if (store !== undefined) return store;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      return Store.locked(folder, lockFile(`${folder}/lock`), warn);
    } catch (error) {
      throw refused('create lease folder', folder, error);
    }
  }

  /**
   * Locks the folder of a network; undefined where there is none, and so no lease.
   * @throws CniError code 5
   */
  static openExisting(folder: string, warn: (line: string) => void): Store | undefined {
    const path = `${folder}/lock`;
    let lock: number;
    try {
      // Before the lock: a link is not followed to a folder in which the lock would then be made.
      refuseUnlessFolder(folder);
      lock = lockFile(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (['ENOENT', 'ENOTDIR'].includes(errno)) return undefined;
      // A full disk must not keep a container from being deleted that has nothing here.
      if (['ENOSPC', 'EDQUOT', 'EROFS'].includes(errno) && !readdirSync(folder).some(isAddressName)) {
        return undefined;
      }
      throw refused('open lock', path, error);
    }
    return Store.locked(folder, lock, warn);
  }

  private static locked(folder: string, lock: number, warn: (line: string) => void): Store {
    try {
      const store = new Store(folder, lock, warn);
      store.trustOrRebuildIndex();
      return store;
    } catch (error) {
      closeSync(lock);
      throw refused('read lease folder', folder, error);
    }
  }

  private trustOrRebuildIndex(): void {
    const stats = refuseUnlessFolder(this.folder);
    const exists = this.index.exists();
    this.stamped = exists && stats?.mtimeMs === stamp * 1000;
    if (this.stamped) return;
    try {
      if (!exists) this.index.create();
    } catch (error) {
      // What is leased can still be found and released; a new lease needs the index.
      this.complete = false;
      this.obstacle = refused('create', this.index.folder, error);
    }
    const entries = this.entries();
    for (const name of readdirSync(this.folder)) {
      if (isAddressName(name) && !entries.delete(name)) this.adopt(name);
    }
    // What is left has no lease any more.
    for (const { path } of [...entries.values()].flat()) remove(path);
  }

  /** Puts a lease that somebody else made in the index. */
  private adopt(address: string): void {
    const lease = this.read(address);
    if (lease === undefined) {
      this.discardResidue(address);
      return;
    }
    try {
      if (this.complete) this.index.addLease(`${this.folder}/${address}`, lease.containerID, address);
    } catch {
      this.complete = false;
    }
    if (!this.complete) this.unindexed.push({ address, ...lease });
  }

  /**
   * Removes a file that names no container, such as a crash leaves of a lease. What is no plain file stays.
   * @returns whether there was one
   * @throws CniError code 5
   */
  discardResidue(address: string): boolean {
    const path = `${this.folder}/${address}`;
    if (!look(path)?.isFile() || this.read(address) !== undefined) return false;
    try {
      if (this.stamped) this.unstamp();
      for (const entry of this.entries().get(address) ?? []) remove(entry.path);
      remove(path);
    } catch (error) {
      throw refused('remove', path, error);
    }
    this.warn(`reclaimed ${path}: it names no container`);
    return true;
  }

  /** The lease of an address; undefined for none, or for a file that is no lease. */
  read(address: string): Lease | undefined {
    const path = `${this.folder}/${address}`;
    try {
      return parseLease(readText(path));
    } catch (error) {
      // Nothing, a link, a folder, a socket.
      if (['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(errnoOf(error))) return undefined;
      throw refused('read lease', path, error);
    }
  }

  /** What stands under the name of an address, links not followed. */
  look(address: string): Stats | undefined {
    return look(`${this.folder}/${address}`);
  }

  /** The names in the folder, those of the leased addresses among them. */
  names(): Set<string> {
    return new Set(readdirSync(this.folder));
  }

  /** The index by address; empty where there can be none. */
  entries(): Map<string, IndexEntry[]> {
    return this.complete ? this.index.all() : new Map();
  }

  /** Where the round robin of a range set stands. */
  lastReserved(set: number): LastReserved {
    return new LastReserved(`${this.folder}/last_reserved_ip.${set}`);
  }

  /** The leases of a container, whichever interface they are for. */
  leasesOf(containerID: string): LeasedAddress[] {
    const leases = this.unindexed.filter((lease) => lease.containerID === containerID);
    for (const { path, address } of this.index.of(containerID)) {
      const lease = this.read(address);
      if (lease?.containerID === containerID) {
        leases.push({ address, ...lease });
        continue;
      }
      // Somebody removed the lease by hand, and perhaps it is another container's by now.
      remove(path);
      if (lease !== undefined) this.adopt(address);
    }
    return leases;
  }

  /**
   * Leases an address. The lease appears whole or not at all: it is written aside and then linked to its name,
   * which fails where that is taken.
   * @returns whether the address was free
   * @throws CniError code 5
   */
  claim(address: string, { containerID, ifname }: Lease): boolean {
    if (this.obstacle !== undefined) throw this.obstacle;
    const path = `${this.folder}/${address}`;
    try {
      this.draft ??= rewriteLeaseFile(this.index.draft, { containerID, ifname });
    } catch (error) {
      throw refused('write', this.index.draft, error);
    }
    try {
      linkSync(this.index.draft, path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EEXIST') return false;
      if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno)) {
        return this.claimWithoutLink(path, { containerID, ifname });
      }
      throw refused('write lease', path, error);
    }
    this.stamped = false;
    try {
      this.index.addDraft(containerID, address);
    } catch (error) {
      remove(path);
      throw refused('write lease', path, error);
    }
    this.unsynced.push(this.draft);
    this.draft = undefined;
    return true;
  }

  /** The same on a file system without hard links, where a crash can leave a lease without content. */
  private claimWithoutLink(path: string, lease: Lease): boolean {
    this.complete = false;
    this.stamped = false;
    try {
      this.unsynced.push(writeLeaseFile(path, lease));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw refused('write lease', path, error);
    }
  }

  /**
   * Ends a lease; none is no error.
   * @throws CniError code 5
   */
  release({ address, containerID }: LeasedAddress): void {
    const path = `${this.folder}/${address}`;
    try {
      // Stamp, entry, lease, in this order: whichever is the last to go, no entry is left over for an address that
      // becomes another container's, and no lease goes unnoticed.
      if (this.stamped) this.unstamp();
      this.index.remove(containerID, address);
      remove(path);
    } catch (error) {
      this.complete = false;
      throw refused('remove lease', path, error);
    }
  }

  /**
   * Removes what an ADD that was killed left beside the leases: the Go host-local, which reads every file there is,
   * would take it for that container's lease.
   */
  sweep(): void {
    try {
      if (look(this.index.draft)?.isDirectory() === false) remove(this.index.draft);
    } catch (error) {
      throw refused('remove', this.index.draft, error);
    }
  }

  private unstamp(): void {
    const now = Math.floor(Date.now() / 1000);
    utimesSync(this.folder, now, now);
    this.stamped = false;
  }

  /**
   * Unlocks, then waits until the leases made are on disk.
   * @throws CniError code 5
   */
  close(): void {
    try {
      if (this.draft !== undefined) {
        closeSync(this.draft);
        remove(this.index.draft);
      }
      if (this.complete && !this.stamped) utimesSync(this.folder, stamp, stamp);
    } catch {
      // Without the stamp the next one looks through the folder.
    }
    closeSync(this.lock);
    for (const fd of this.unsynced.splice(0)) {
      try {
        // On ext4, XFS and Btrfs this takes the file's new names along.
        fsyncSync(fd);
      } catch (error) {
        throw refused('sync leases of', this.folder, error);
      } finally {
        closeSync(fd);
      }
    }
  }
}
