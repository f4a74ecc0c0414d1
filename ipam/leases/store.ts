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
import { type Owner, readMemory, writeMemory } from './memory.ts';
import { type EnteredLease, NewLeases } from './new-leases.ts';

/**
 * A network's lease directory, locked. It has the Go host-local's layout (a file for each address, `last_reserved_ip.N`
 * for each range set, and `lock`), plus an index by container in `.attachments`.
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
   * Locks a network's directory, creating it if it is missing.
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
   * Locks a network's directory; undefined if there is none, and so no lease.
   * @throws CniError code 5
   */
  static openExisting(directory: string, warn: (line: string) => void): Store | undefined {
    const path = `${directory}/lock`;
    let lock: number;
    try {
      // Checked first, since the lock would be created in a directory that a link leads to.
      lookForDirectory(directory);
      lock = lockFile(path);
    } catch (error) {
      const errno = fileErrorCode(error) ?? '';
      if (['ENOENT', 'ENOTDIR'].includes(errno)) return undefined;
      // A full disk must not fail the DEL of a container without a lease here.
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

  /** The path of an address's lease. */
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

  /** The stats of an address's file, links not followed. */
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
   * Releases a lease, if there is one. If its entry is known this needs no descriptor.
   * @throws CniError code 5
   */
  release({ address, containerID, entry }: EnteredLease): void {
    const path = this.leases.path(address);
    try {
      // The lease first, which removes the directory's stamp.
      remove(path);
      if (entry !== undefined) this.index.removeEntry(entry);
      else this.index.remove(containerID, address);
    } catch (error) {
      this.known.noteFailure();
      throw refused('remove lease', path, error);
    }
  }

  /**
   * Releases the leases just made; needs no descriptor.
   * @throws CniError code 5
   */
  takeBack(): void {
    for (const lease of this.newLeases.giveUp()) this.release(lease);
  }

  /** The addresses that an owner had last. A memory that can't be read is none, with a line on stderr. */
  recall(owner: Owner, warn: (line: string) => void): string[] {
    try {
      return readMemory(this.index.memory).of(owner);
    } catch (error) {
      warn(refused('read', this.index.memory, error).message);
      return [];
    }
  }

  /** Remembers the addresses that an owner has; if that fails, with a line on stderr. */
  remember(owner: Owner, addresses: readonly string[], warn: (line: string) => void): void {
    try {
      // On a file system without hard links the lease's draft is still there.
      this.newLeases.dropDraft();
      const memory = readMemory(this.index.memory).with(owner, addresses);
      writeMemory(this.index.memory, memory, this.index.draft);
    } catch (error) {
      warn(refused('write', this.index.memory, error).message);
    }
  }

  /**
   * Forgets who had which address.
   * @throws CniError code 5
   */
  forget(): void {
    try {
      remove(this.index.memory);
    } catch (error) {
      throw refused('remove', this.index.memory, error);
    }
  }

  /** Removes a killed ADD's draft, which the Go host-local, reading every file, would take for a lease. */
  sweep(): void {
    try {
      if (look(this.index.draft)?.isDirectory() === false) remove(this.index.draft);
    } catch (error) {
      throw refused('remove', this.index.draft, error);
    }
  }

  /**
   * Stamps what may be stamped, unlocks, then waits until the new leases are on disk.
   * @throws CniError code 5
   */
  close(): void {
    try {
      this.newLeases.dropDraft();
      if (!this.newLeases.unlinked) this.known.putStamps();
    } catch {
      // Without the stamp the next call searches the directory.
    }
    closeSync(this.lock);
    this.newLeases.sync();
  }
}
