import { linkSync, mkdirSync, renameSync } from '#files';
import { hash64 } from '../../cni/hash.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { bootID } from './boot.ts';
import { lookForDirectory, namesIn, refused, remove } from './files.ts';
import { isStamped, putStamp, stamp } from './stamp.ts';

/**
 * How a lease got into the index: `made` together with its entry, or `seen` because it already existed. Either way the
 * lease existed during the entry's boot.
 */
export type Origin = 'made' | 'seen';

/** An entry in the index: a container's hash, the boot in which its lease existed, and its address. */
export interface IndexEntry {
  readonly path: string;
  readonly bucket: string;
  readonly origin: Origin;
  /** The first 8 hex digits of the boot ID. */
  readonly boot: string;
  readonly address: string;
}

/**
 * The directories that entries are spread over. Finding a container's entries lists one of them, which takes 0.05 ms
 * among 10,000 leases; finding those that others have changed stats all of them, which takes 0.3 ms.
 */
export const buckets = Array.from({ length: 128 }, (_, index) => index.toString(16).padStart(2, '0'));

/** The length of the part of an entry's name before the address. */
export const prefixLength = 29;

/** Where a container's entries are: their bucket, and the prefix of their names. */
interface Place {
  readonly bucket: string;
  readonly digits: string;
}

/** The last place computed, which is usually needed again. */
let last: { readonly containerID: string; readonly place: Place } | undefined;

/**
 * Where a container's entries are.
 * @example placeOf('c1') // { bucket: '41', digits: '54d6fa980e601a' }
 */
export function placeOf(containerID: string): Place {
  if (last?.containerID !== containerID) {
    const hash = hash64(containerID);
    const bucket = buckets[Number.parseInt(hash.slice(0, 2), 16) % buckets.length] ?? '';
    last = { containerID, place: { bucket, digits: hash.slice(2) } };
  }
  return last.place;
}

/**
 * An index that finds a container's addresses without reading the leases: `.attachments/<bucket>/<14
 * hex>.<origin>-<boot>. <address>`, where bucket and hex digits are the container ID's hash. Each entry is a hard link
 * to the lease. To release a container, the Go host-local walks the directory and removes every file with that
 * container's content: so it removes our entries with the lease, and can't misread anything, since no name here is an
 * address.
 */
export class AttachmentIndex {
  /** Where a lease is written before it gets its names. */
  readonly draft: string;
  /** Who had which address last, beside the index, where the Go host-local looks for nothing (`memory.ts`). */
  readonly memory: string;
  /** For each bucket read, whether it was as we had left it. */
  private readonly untouched = new Map<string, boolean>();
  /** The buckets that don't exist. */
  private readonly missing = new Set<string>();
  /** The buckets that we changed. */
  private readonly changed = new Set<string>();
  private caughtUp = false;

  constructor(readonly directory: string) {
    this.draft = `${directory}/draft`;
    this.memory = `${directory}/remembered`;
  }

  /**
   * Whether the index exists.
   * @throws CniError code 5 if something else is in its place
   */
  exists(): boolean {
    return lookForDirectory(this.directory) !== undefined;
  }

  /** Makes the index's directory. */
  create(): void {
    mkdirSync(this.directory, { mode: 0o700 });
  }

  bucketPath(bucket: string): string {
    return `${this.directory}/${bucket}`;
  }

  /**
   * The entries that may be of a container.
   * @throws CniError code 5
   */
  of(containerID: string): IndexEntry[] {
    const { bucket, digits } = placeOf(containerID);
    const stats = lookForDirectory(this.bucketPath(bucket));
    const untouched = stats === undefined || isStamped(stats);
    if (!this.untouched.has(bucket)) this.untouched.set(bucket, untouched);
    if (stats === undefined) this.missing.add(bucket);
    const found: IndexEntry[] = [];
    for (const name of stats === undefined ? [] : this.list(bucket)) {
      if (!name.startsWith(digits)) continue;
      const entry = this.parse(bucket, name);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /**
   * Whether only this plugin has changed the bucket of a container that was looked up, and each such change was
   * completed. Then an entry that our ADD made is still there, and so are those made with it.
   */
  isUntouched(containerID: string): boolean {
    return this.caughtUp || this.untouched.get(placeOf(containerID).bucket) === true;
  }

  /** Call it once each lease has its entry. */
  noteCaughtUp(): void {
    this.caughtUp = true;
  }

  /** Whether a container's entries include one for an address. */
  has(containerID: string, address: string): boolean {
    return this.of(containerID).some((entry) => entry.address === address);
  }

  /** Parses an entry's file name; undefined for any other name. */
  private parse(bucket: string, name: string): IndexEntry | undefined {
    // A regular expression would take ten times as long, and there may be thousands of names.
    const origin = name.slice(15, 19);
    if ((origin !== 'made' && origin !== 'seen') || name.length <= prefixLength) return undefined;
    const path = `${this.directory}/${bucket}/${name}`;
    return { path, bucket, origin, boot: name.slice(20, 28), address: name.slice(prefixLength) };
  }

  private list(bucket: string): string[] {
    const directory = this.bucketPath(bucket);
    try {
      return namesIn(directory);
    } catch (error) {
      throw refused('read', directory, error);
    }
  }

  /**
   * The names in each bucket.
   * @throws CniError code 5 if something else is in the place of a bucket
   */
  private *listings(): Generator<readonly [bucket: string, names: string[]]> {
    for (const bucket of buckets) {
      if (lookForDirectory(this.bucketPath(bucket)) !== undefined) yield [bucket, this.list(bucket)];
    }
  }

  /**
   * The addresses that have an entry.
   * @throws CniError code 5
   */
  addresses(): Set<string> {
    const addresses = new Set<string>();
    for (const [, names] of this.listings()) {
      for (const name of names) addresses.add(name.slice(prefixLength));
    }
    // From names that are not entries.
    addresses.delete('');
    return addresses;
  }

  /**
   * Every entry, by address.
   * @throws CniError code 5
   */
  all(): Map<string, IndexEntry[]> {
    const entries = new Map<string, IndexEntry[]>();
    for (const [bucket, names] of this.listings()) {
      for (const name of names) {
        const entry = this.parse(bucket, name);
        if (entry === undefined) continue;
        const others = entries.get(entry.address);
        if (others === undefined) entries.set(entry.address, [entry]);
        else others.push(entry);
      }
    }
    return entries;
  }

  /**
   * Renames the draft, which is linked to its address by now, to its name in the index.
   * @returns the entry
   */
  addDraft(containerID: string, address: string): IndexEntry {
    return this.add(containerID, address, 'made', (path) => renameSync(this.draft, path));
  }

  /** Adds an entry for an existing lease. */
  addLease(lease: string, containerID: string, address: string): void {
    this.add(containerID, address, 'seen', (path) => linkSync(lease, path));
  }

  private add(containerID: string, address: string, origin: Origin, put: (path: string) => void): IndexEntry {
    const { bucket, digits } = placeOf(containerID);
    const boot = bootID();
    const path = `${this.directory}/${bucket}/${digits}.${origin}-${boot}.${address}`;
    this.changed.add(bucket);
    if (this.missing.delete(bucket)) mkdirSync(this.bucketPath(bucket), { mode: 0o700 });
    try {
      put(path);
    } catch (error) {
      const errno = fileErrorCode(error);
      if (errno === 'ENOENT') mkdirSync(this.bucketPath(bucket), { mode: 0o700 });
      else if (errno === 'EEXIST') remove(path);
      else throw error;
      put(path);
    }
    return { path, bucket, origin, boot, address };
  }

  /** Removes the entries of one lease. */
  remove(containerID: string, address: string): void {
    for (const entry of this.of(containerID)) {
      if (entry.address === address) this.removeEntry(entry);
    }
  }

  /** Removes an entry. */
  removeEntry({ bucket, path }: IndexEntry): void {
    this.changed.add(bucket);
    remove(path);
  }

  /** Has {@link AttachmentIndex.stampChanged} stamp a bucket too. */
  noteChange(bucket: string): void {
    this.changed.add(bucket);
  }

  /** Stamps a bucket whose sum has been saved. */
  stampSummed(bucket: string): void {
    putStamp(this.bucketPath(bucket), stamp.complete);
    this.changed.delete(bucket);
  }

  /** Stamps the buckets that we changed and nobody else had: call it last. */
  stampChanged(): void {
    for (const bucket of this.changed) {
      if (this.caughtUp || this.untouched.get(bucket) === true) putStamp(this.bucketPath(bucket), stamp.ours);
    }
  }
}
