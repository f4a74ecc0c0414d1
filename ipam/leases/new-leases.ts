import { closeSync, fsyncSync, linkSync } from '#files';
import { fileErrorCode } from '../../netlink/error.ts';
import type { AttachmentIndex, IndexEntry } from './attachment-index.ts';
import { refused, remove } from './files.ts';
import type { Lease } from './lease.ts';
import { rewriteLeaseFile, writeLeaseFile } from './lease-file.ts';
import type { LeasedAddress, LeaseFiles } from './lease-files.ts';

/** A lease, and its entry in the index if known. */
export interface EnteredLease extends LeasedAddress {
  readonly entry?: IndexEntry;
}

/** The leases that one ADD makes: in the end either all are on disk, or all are taken back. */
export class NewLeases {
  /** Whether one was made without a hard link, and so has no entry in the index. */
  unlinked = false;
  private draft: number | undefined;
  private readonly made: EnteredLease[] = [];
  private readonly unsynced: number[] = [];

  constructor(
    private readonly leases: LeaseFiles,
    private readonly index: AttachmentIndex,
  ) {}

  /**
   * Leases an address. The lease appears whole or not at all: it is written to a draft and then linked to its name,
   * which fails if the name is taken.
   * @returns whether the address was free
   * @throws CniError code 5
   */
  claim(address: string, lease: Lease): boolean {
    const path = this.leases.path(address);
    try {
      this.draft ??= rewriteLeaseFile(this.index.draft, lease);
    } catch (error) {
      throw refused('write', this.index.draft, error);
    }
    try {
      linkSync(this.index.draft, path);
    } catch (error) {
      const errno = fileErrorCode(error) ?? '';
      if (errno === 'EEXIST') return false;
      if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno)) {
        return this.claimWithoutLink(address, lease);
      }
      throw refused('write lease', path, error);
    }
    try {
      this.made.push({ ...lease, address, entry: this.index.addDraft(lease.containerID, address) });
    } catch (error) {
      remove(path);
      throw refused('write lease', path, error);
    }
    this.unsynced.push(this.draft);
    this.draft = undefined;
    return true;
  }

  /** The same on a file system without hard links, where a crash can leave a lease without content. */
  private claimWithoutLink(address: string, lease: Lease): boolean {
    const path = this.leases.path(address);
    this.unlinked = true;
    try {
      this.unsynced.push(writeLeaseFile(path, lease));
    } catch (error) {
      if (fileErrorCode(error) === 'EEXIST') return false;
      throw refused('write lease', path, error);
    }
    this.made.push({ ...lease, address });
    return true;
  }

  /** Returns the leases made, to be released, so that they need not get to the disk. */
  giveUp(): EnteredLease[] {
    for (const fd of this.unsynced.splice(0)) closeSync(fd);
    return this.made.splice(0);
  }

  /**
   * Removes the draft of a lease that was not made.
   * @throws what `#files` throws
   */
  dropDraft(): void {
    if (this.draft === undefined) return;
    closeSync(this.draft);
    this.draft = undefined;
    remove(this.index.draft);
  }

  /**
   * Waits until the leases made are on disk.
   * @throws CniError code 5
   */
  sync(): void {
    for (const fd of this.unsynced.splice(0)) {
      try {
        // On ext4, XFS and Btrfs this syncs the file's new names too.
        fsyncSync(fd);
      } catch (error) {
        throw refused('sync leases of', this.leases.directory, error);
      } finally {
        closeSync(fd);
      }
    }
  }
}
