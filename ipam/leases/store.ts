import { closeSync, mkdirSync, readdirSync } from '#files';
import type { CniError } from '../../cni/error.ts';
import type { Stats } from '../../netlink/libc/files.ts';
import { AttachmentIndex, type IndexEntry } from './attachment-index.ts';
import { type Adopt, catchUpByGuess, catchUpByNames } from './catch-up.ts';
import { errnoOf, look, lookForFolder, refused, remove } from './files.ts';
import type { LastReserved } from './last-reserved.ts';
import type { Lease } from './lease.ts';
import { isAddressName, type LeasedAddress, LeaseFiles } from './lease-files.ts';
import { lockFile } from './lock.ts';
import { type EnteredLease, NewLeases } from './new-leases.ts';
import { isComplete, putStamp, stamp } from './stamp.ts';

/**
 * The folder of a network's leases, locked. As the Go host-local has it: a file for each address,
 * `last_reserved_ip.N` for each range set, and `lock`; beside them, in `.attachments`, an index by container.
 *
 * While the folder bears its stamp, each lease is in the index. Whatever the step at which a process dies, a stamp is
 * gone then, the folder's or a bucket's, and {@link Store.catchUp} sets right what was left.
 */
export class Store {
  private readonly leases: LeaseFiles;
  private readonly index: AttachmentIndex;
  /** Leases that could not be put in the index, as on a file system without hard links. */
  private unindexed: LeasedAddress[] = [];
  /** Whether each lease is known: by the index, or by `unindexed`. */
  private known: boolean;
  /** Whether the index has all that is known. */
  private complete = true;
  private obstacle: CniError | undefined;
  private readonly newLeases: NewLeases;

  private constructor(
    readonly folder: string,
    private readonly lock: number,
    private readonly warn: (line: string) => void,
  ) {
    this.leases = new LeaseFiles(folder);
    this.index = new AttachmentIndex(`${folder}/.attachments`);
    this.newLeases = new NewLeases(this.leases, this.index);
    this.known = this.index.exists() && this.isComplete();
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
      lookForFolder(folder);
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
      return new Store(folder, lock, warn);
    } catch (error) {
      closeSync(lock);
      throw refused('read lease folder', folder, error);
    }
  }

  /** Whether each lease is known, whoever made it. */
  isCaughtUp(): boolean {
    return this.known;
  }

  /**
   * Makes sure that each lease is known, whoever made it.
   * @throws CniError code 5
   */
  catchUp(): void {
    if (this.known) return;
    try {
      if (!this.haveIndex() || !catchUpByGuess(this.leases, this.index, this.adopt)) {
        this.unindexed = [];
        catchUpByNames(this.leases, this.index, this.adopt);
      }
    } catch (error) {
      throw refused('read lease folder', this.folder, error);
    }
    this.known = true;
    this.index.noteCaughtUp();
  }

  /** Makes the index where it is missing; whether it was there. */
  private haveIndex(): boolean {
    if (this.index.exists()) return true;
    try {
      this.index.create();
    } catch (error) {
      // What is leased can still be found and released; a new lease needs the index.
      this.complete = false;
      this.obstacle = refused('create', this.index.folder, error);
    }
    return false;
  }

  private readonly adopt: Adopt = (address, lease = this.read(address)) => {
    if (lease === undefined) {
      this.discardResidue(address);
      return true;
    }
    try {
      if (this.complete) this.index.addLease(this.leases.path(address), lease.containerID, address);
    } catch {
      this.complete = false;
    }
    if (!this.complete) this.unindexed.push({ address, ...lease });
    return this.complete;
  };

  /**
   * Removes a file that names no container, such as a crash leaves of a lease. What is no plain file stays.
   * @returns whether there was one
   * @throws CniError code 5
   */
  discardResidue(address: string): boolean {
    const path = this.leases.path(address);
    if (!look(path)?.isFile() || this.read(address) !== undefined) return false;
    try {
      remove(path);
      for (const entry of this.known ? (this.index.all().get(address) ?? []) : [])
        this.index.removeEntry(entry);
    } catch (error) {
      throw refused('remove', path, error);
    }
    this.warn(`reclaimed ${path}: it names no container`);
    return true;
  }

  /**
   * The lease of an address; undefined for none, or for a file that is no lease.
   * @throws CniError code 5
   */
  read(address: string): Lease | undefined {
    return this.leases.read(address);
  }

  /** What stands under the name of an address, links not followed. */
  look(address: string): Stats | undefined {
    return this.leases.look(address);
  }

  /** The names in the folder. */
  names(): Set<string> {
    return new Set(this.leases.names());
  }

  /**
   * The index by address; empty where there can be none.
   * @throws CniError code 5
   */
  entries(): Map<string, IndexEntry[]> {
    this.catchUp();
    return this.complete ? this.index.all() : new Map();
  }

  lastReserved(set: number): LastReserved {
    return this.leases.lastReserved(set);
  }

  /**
   * The leases of a container, whichever interface they are for.
   * @throws CniError code 5
   */
  leasesOf(containerID: string): LeasedAddress[] {
    this.catchUp();
    let indexed = this.indexedLeasesOf(containerID);
    if (!this.isUntouched(containerID)) {
      this.known = false;
      this.catchUp();
      indexed = this.indexedLeasesOf(containerID);
    }
    return [...this.unindexed.filter((lease) => lease.containerID === containerID), ...indexed];
  }

  /**
   * Those that the index has, which may lack what others made since.
   * @throws CniError code 5
   */
  indexedLeasesOf(containerID: string): EnteredLease[] {
    const leases: EnteredLease[] = [];
    for (const entry of this.index.of(containerID)) {
      const { address } = entry;
      const lease = this.read(address);
      if (lease?.containerID === containerID) {
        leases.push({ address, ...lease, entry });
        continue;
      }
      // Somebody removed the lease by hand, and perhaps it is another container's by now.
      this.index.removeEntry(entry);
      if (lease !== undefined && !this.index.has(lease.containerID, address)) this.adopt(address, lease);
    }
    return leases;
  }

  /** Whether a container that was looked for has in the index all that an ADD of ours ever made for it. */
  isUntouched(containerID: string): boolean {
    return this.index.isUntouched(containerID);
  }

  /**
   * Leases an address.
   * @returns whether it was free
   * @throws CniError code 5
   */
  claim(address: string, { containerID, ifname }: Lease): boolean {
    this.catchUp();
    if (this.obstacle !== undefined) throw this.obstacle;
    return this.newLeases.claim(address, { containerID, ifname });
  }

  /**
   * Ends a lease; none is no error. Where its entry is known this takes no descriptor.
   * @throws CniError code 5
   */
  release({ address, containerID, entry }: EnteredLease): void {
    const path = this.leases.path(address);
    try {
      // The lease first, which takes the folder's stamp away.
      remove(path);
      if (entry !== undefined) this.index.removeEntry(entry);
      else this.index.remove(containerID, address);
    } catch (error) {
      this.complete = false;
      throw refused('remove lease', path, error);
    }
  }

  /**
   * Ends the leases that were claimed; takes no descriptor.
   * @throws CniError code 5
   */
  takeBack(): void {
    for (const lease of this.newLeases.giveUp()) this.release(lease);
  }

  /** Removes what a killed ADD left beside the leases: the Go host-local, which reads every file, takes it for one. */
  sweep(): void {
    try {
      if (look(this.index.draft)?.isDirectory() === false) remove(this.index.draft);
    } catch (error) {
      throw refused('remove', this.index.draft, error);
    }
  }

  /**
   * Stamps what may be, unlocks, then waits until the leases made are on disk.
   * @throws CniError code 5
   */
  close(): void {
    try {
      this.newLeases.dropDraft();
      if (this.complete && !this.newLeases.unlinked) {
        this.index.stampChanged();
        if (this.known && !this.isComplete()) putStamp(this.folder, stamp.complete);
      }
    } catch {
      // Without the stamp the next one looks through the folder.
    }
    closeSync(this.lock);
    this.newLeases.sync();
  }

  private isComplete(): boolean {
    const stats = lookForFolder(this.folder);
    return stats !== undefined && isComplete(stats);
  }
}
