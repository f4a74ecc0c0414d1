import { closeSync, mkdirSync } from '#files';
import { fileErrorCode } from '../../netlink/error.ts';
import type { Stats } from '../../netlink/libc/files.ts';
import { AttachmentIndex } from './attachment-index.ts';
import { look, lookForDirectory, namesIn, refused, remove } from './files.ts';
import { KnownLeases } from './known-leases.ts';
import type { LastReserved } from './last-reserved.ts';
import type { Lease } from './lease.ts';
import { isAddressName, LeaseFiles } from './lease-files.ts';
import { lockFile } from './lock.ts';
import { type EnteredLease, NewLeases } from './new-leases.ts';

/**
 * The directory of a network's leases, locked. As the Go host-local has it: a file for each address,
 * `last_reserved_ip.N` for each range set, and `lock`; beside them, in `.attachments`, an index by container.
 */
export class Store {
  readonly known: KnownLeases;
  private readonly leases: LeaseFiles;
  private readonly index: AttachmentIndex;
  private readonly newLeases: NewLeases;

  private constructor(
    readonly directory: string,
    private readonly lock: number,
    warn: (line: string) => void,
  ) {
    this.leases = new LeaseFiles(directory);
    this.index = new AttachmentIndex(`${directory}/.attachments`);
    this.newLeases = new NewLeases(this.leases, this.index);
    this.known = new KnownLeases(this.leases, this.index, warn);
  }

  /**
   * Locks the directory of a network; makes it where it is missing.
   * @throws CniError code 5
   */
  static open(directory: string, warn: (line: string) => void): Store {
    const store = Store.openExisting(directory, warn);
    if (store !== undefined) return store;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      return Store.locked(directory, lockFile(`${directory}/lock`), warn);
    } catch (error) {
      throw refused('create lease directory', directory, error);
    }
  }

  /**
   * Locks the directory of a network; undefined where there is none, and so no lease.
   * @throws CniError code 5
   */
  static openExisting(directory: string, warn: (line: string) => void): Store | undefined {
    const path = `${directory}/lock`;
    let lock: number;
    try {
      // First, since the lock would be made in the directory that a link leads to.
      lookForDirectory(directory);
      lock = lockFile(path);
    } catch (error) {
      const errno = fileErrorCode(error) ?? '';
      if (['ENOENT', 'ENOTDIR'].includes(errno)) return undefined;
      // A full disk must not fail the DEL of a container that has nothing here.
      if (['ENOSPC', 'EDQUOT', 'EROFS'].includes(errno) && !namesIn(directory).some(isAddressName)) {
        return undefined;
      }
      throw refused('open lock', path, error);
    }
    return Store.locked(directory, lock, warn);
  }

  private static locked(directory: string, lock: number, warn: (line: string) => void): Store {
    try {
      return new Store(directory, lock, warn);
    } catch (error) {
      closeSync(lock);
      throw refused('read lease directory', directory, error);
    }
  }

  /** Where the lease of an address is. */
  path(address: string): string {
    return this.leases.path(address);
  }

  /**
   * The lease of an address; undefined for none, or for a file that is not a lease.
   * @throws CniError code 5
   */
  read(address: string): Lease | undefined {
    return this.leases.read(address);
  }

  /** What stands under the name of an address, links not followed. */
  look(address: string): Stats | undefined {
    return this.leases.look(address);
  }

  /** The names in the directory. */
  names(): Set<string> {
    return new Set(this.leases.names());
  }

  lastReserved(set: number): LastReserved {
    return this.leases.lastReserved(set);
  }

  /**
   * Leases an address.
   * @returns whether it was free
   * @throws CniError code 5
   */
  claim(address: string, { containerID, ifname }: Lease): boolean {
    this.known.prepareToAdd();
    return this.newLeases.claim(address, { containerID, ifname });
  }

  /**
   * Ends a lease; none is no error. Where its entry is known this takes no descriptor.
   * @throws CniError code 5
   */
  release({ address, containerID, entry }: EnteredLease): void {
    const path = this.leases.path(address);
    try {
      // The lease first, which takes the directory's stamp away.
      remove(path);
      if (entry !== undefined) this.index.removeEntry(entry);
      else this.index.remove(containerID, address);
    } catch (error) {
      this.known.noteFailure();
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

  /** Removes the draft of a killed ADD: the Go host-local, which reads every file, takes it for a lease. */
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
      if (!this.newLeases.unlinked) this.known.putStamps();
    } catch {
      // Without the stamp the next one looks through the directory.
    }
    closeSync(this.lock);
    this.newLeases.sync();
  }
}
