import { closeSync, mkdirSync, readdirSync } from '#files';
import type { Stats } from '../netlink/libc/files.ts';
import { AttachmentIndex, type IndexEntry, type Origin } from './attachment-index.ts';
import { catchUpByGuess, catchUpByNames } from './catch-up.ts';
import type { CniError } from './error.ts';
import { errnoOf, look, lookForFolder, refused, remove } from './files.ts';
import type { LastReserved } from './last-reserved.ts';
import type { Lease } from './lease.ts';
import { isAddressName, type LeasedAddress, LeaseFiles } from './lease-files.ts';
import { lockFile } from './lock.ts';
import { type EnteredLease, NewLeases } from './new-leases.ts';
import { bearsStamp, dropStamp, putStamp } from './stamp.ts';

/** A lease as the index has it. */
export interface IndexedLease extends EnteredLease {
  readonly origin: Origin;
}

/**
 * The folder of a network's leases, locked. As the Go host-local has it: a file for each address,
 * `last_reserved_ip.N` for each range set, and `lock`; beside them, in `.attachments`, an index by container.
 *
 * While the folder bears the stamp, each lease is in the index. Steps are taken in an order that keeps this true
 * whatever the step at which the process dies; {@link Store.catchUp} then sets it right.
 */
export class Store {
  private readonly leases: LeaseFiles;
  private readonly index: AttachmentIndex;
  /** Leases that could not be put in the index, as on a file system without hard links. */
  private unindexed: LeasedAddress[] = [];
  /** Whether each lease is known: by the index, or by `unindexed`. */
  private known: boolean;
  /** Whether the index may be left as complete. */
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
    this.known = this.index.exists() && this.isStamped();
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
      const adopt = (address: string, lease?: Lease): boolean => this.adopt(address, lease);
      if (!this.haveIndex() || !catchUpByGuess(this.leases, this.index, adopt)) {
        this.unindexed = [];
        catchUpByNames(this.leases, this.index, adopt);
      }
    } catch (error) {
      throw refused('read lease folder', this.folder, error);
    }
    this.known = true;
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

  /** Puts a lease that somebody else made in the index; whether it is there now. */
  private adopt(address: string, lease = this.read(address)): boolean {
    if (lease === undefined) {
      this.discardResidue(address);
      return true;
    }
    try {
      if (this.complete) this.index.addLease(this.leases.path(address), lease.containerID, address);
    } catch {
      this.complete = false;
      if (this.known) dropStamp(this.folder);
    }
    if (!this.complete) this.unindexed.push({ address, ...lease });
    return this.complete;
  }

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
      for (const entry of this.known ? (this.index.all().get(address) ?? []) : []) remove(entry.path);
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

  /** The names in the folder, those of the leased addresses among them. */
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

  /** Where the round robin of a range set stands. */
  lastReserved(set: number): LastReserved {
    return this.leases.lastReserved(set);
  }

  /**
   * The leases of a container, whichever interface they are for.
   * @throws CniError code 5
   */
  leasesOf(containerID: string): LeasedAddress[] {
    this.catchUp();
    const others = this.unindexed.filter((lease) => lease.containerID === containerID);
    return [...others, ...this.indexedLeasesOf(containerID)];
  }

  /**
   * Those that the index has, which may lack what others made since.
   * @throws CniError code 5
   */
  indexedLeasesOf(containerID: string): IndexedLease[] {
    const leases: IndexedLease[] = [];
    for (const { path, address, origin } of this.index.of(containerID)) {
      const lease = this.read(address);
      if (lease?.containerID === containerID) {
        leases.push({ address, ...lease, entry: path, origin });
        continue;
      }
      // Somebody removed the lease by hand, and perhaps it is another container's by now.
      remove(path);
      if (lease !== undefined && !this.index.has(lease.containerID, address)) this.adopt(address, lease);
    }
    return leases;
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
      // The lease, then its entry: as long as there is the one there is the other, and a container of which one
      // lease is found in the index has all of them there.
      remove(path);
      if (entry !== undefined) remove(entry);
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

  /** Whether an ADD that was killed left what it was about to lease, and perhaps a lease without an entry. */
  hasDraft(): boolean {
    return look(this.index.draft)?.isDirectory() === false;
  }

  /**
   * Removes what an ADD that was killed left beside the leases: the Go host-local, which reads every file there is,
   * would take it for that container's lease.
   */
  sweep(): void {
    try {
      if (!this.hasDraft()) return;
      this.catchUp();
      remove(this.index.draft);
    } catch (error) {
      throw refused('remove', this.index.draft, error);
    }
  }

  /**
   * Unlocks, then waits until the leases made are on disk.
   * @throws CniError code 5
   */
  close(): void {
    try {
      this.newLeases.dropDraft();
      if (this.known && this.complete && !this.newLeases.unlinked && !this.isStamped()) putStamp(this.folder);
    } catch {
      // Without the stamp the next one looks through the folder.
    }
    closeSync(this.lock);
    this.newLeases.sync();
  }

  private isStamped(): boolean {
    const stats = lookForFolder(this.folder);
    return stats !== undefined && bearsStamp(stats);
  }
}
