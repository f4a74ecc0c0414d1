import type { CniError } from '../../cni/error.ts';
import type { AttachmentIndex, IndexEntry } from './attachment-index.ts';
import { type Adopt, catchUpByGuess, catchUpByNames } from './catch-up.ts';
import { look, lookForDirectory, refused, remove } from './files.ts';
import type { LeasedAddress, LeaseFiles } from './lease-files.ts';
import type { EnteredLease } from './new-leases.ts';
import { isComplete, putStamp, stamp } from './stamp.ts';

/**
 * What is known about the leases in a network's directory, from its index as far as possible.
 *
 * While the directory has its stamp, each lease is in the index. At whatever step a process dies, a stamp is missing,
 * the directory's or a bucket's, and {@link KnownLeases.catchUp} repairs what was left.
 */
export class KnownLeases {
  /** Leases that could not be added to the index, as on a file system without hard links. */
  private unindexed: LeasedAddress[] = [];
  /** Whether each lease is known: in the index, or in `unindexed`. */
  private known: boolean;
  /** Whether everything known is in the index. */
  private complete = true;
  private obstacle: CniError | undefined;

  constructor(
    private readonly leases: LeaseFiles,
    private readonly index: AttachmentIndex,
    private readonly warn: (line: string) => void,
  ) {
    this.known = index.exists() && this.isStampedComplete();
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
      throw refused('read lease directory', this.leases.directory, error);
    }
    this.known = true;
    this.index.noteCaughtUp();
  }

  /** Creates the index if it is missing. @returns whether it existed */
  private haveIndex(): boolean {
    if (this.index.exists()) return true;
    try {
      this.index.create();
    } catch (error) {
      // Leases can still be found and released, but a new one needs the index.
      this.complete = false;
      this.obstacle = refused('create', this.index.directory, error);
    }
    return false;
  }

  private readonly adopt: Adopt = (address, lease = this.leases.read(address)) => {
    if (lease === undefined) {
      this.discardResidue(address);
      return true;
    }
    try {
      if (this.complete) this.index.addLease(this.leases.path(address), lease.containerID, address);
    } catch {
      // Gone in the meantime.
      if (this.leases.look(address) === undefined) return true;
      this.complete = false;
    }
    if (!this.complete) this.unindexed.push({ address, ...lease });
    return this.complete;
  };

  /**
   * Removes a file that names no container, such as a crash leaves. Anything but a regular file stays.
   * @returns whether there was one
   * @throws CniError code 5
   */
  discardResidue(address: string): boolean {
    const path = this.leases.path(address);
    if (!look(path)?.isFile() || this.leases.read(address) !== undefined) return false;
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
   * The index by address; empty if there can be no index.
   * @throws CniError code 5
   */
  entries(): Map<string, IndexEntry[]> {
    this.catchUp();
    return this.complete ? this.index.all() : new Map();
  }

  /**
   * The index's entries for a container's address; empty if there can be no index.
   * @throws CniError code 5
   */
  entriesOf(containerID: string, address: string): IndexEntry[] {
    this.catchUp();
    return this.complete ? this.index.of(containerID).filter((entry) => entry.address === address) : [];
  }

  /**
   * A container's leases, for any interface.
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
   * Those in the index, which may not have what others made since.
   * @throws CniError code 5
   */
  indexedLeasesOf(containerID: string): EnteredLease[] {
    const leases: EnteredLease[] = [];
    for (const entry of this.index.of(containerID)) {
      const { address } = entry;
      const lease = this.leases.read(address);
      if (lease?.containerID === containerID) {
        leases.push({ address, ...lease, entry });
        continue;
      }
      // Somebody removed the lease by hand, and another container may have it by now.
      this.index.removeEntry(entry);
      if (lease !== undefined && !this.index.has(lease.containerID, address)) this.adopt(address, lease);
    }
    return leases;
  }

  /** Whether the index has everything that our ADDs made for a container that was looked up. */
  isUntouched(containerID: string): boolean {
    return this.index.isUntouched(containerID);
  }

  /**
   * Makes sure that a new lease will be known.
   * @throws CniError code 5 if there can be no index
   */
  prepareToAdd(): void {
    this.catchUp();
    if (this.obstacle !== undefined) throw this.obstacle;
  }

  /** Call it if a lease or its entry could not be removed: what exists is then unknown. */
  noteFailure(): void {
    this.complete = false;
  }

  /**
   * Stamps what may be stamped: the changed buckets, and the directory.
   * @throws what `#files` throws
   */
  putStamps(): void {
    if (!this.complete) return;
    this.index.stampChanged();
    if (this.known && !this.isStampedComplete()) putStamp(this.leases.directory, stamp.complete);
  }

  private isStampedComplete(): boolean {
    const stats = lookForDirectory(this.leases.directory);
    return stats !== undefined && isComplete(stats);
  }
}
