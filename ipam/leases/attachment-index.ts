import { linkSync, mkdirSync, readdirSync, renameSync } from '#files';
import { bootID } from './boot.ts';
import { errnoOf, lookForFolder, refused, remove } from './files.ts';
import { isStamped, putStamp, stamp } from './stamp.ts';

/**
 * How a lease came into the index: `made` with it, or `seen`, when it stood there already. Either way the lease
 * existed during the boot that the entry names.
 */
export type Origin = 'made' | 'seen';

/** An entry of the index: a container's hash, when its lease was known to exist, and its address. */
export interface IndexEntry {
  readonly path: string;
  readonly bucket: string;
  readonly origin: Origin;
  /** The first 8 hex digits of the boot ID. */
  readonly boot: string;
  readonly address: string;
}

/**
 * The folders that entries are spread over. To find a container's is to list one of them, which takes 0.05 ms among
 * 10,000 leases; to find those in which others removed some is to look at all, which takes 0.3 ms.
 */
export const buckets = Array.from({ length: 128 }, (_, index) => index.toString(16).padStart(2, '0'));

/** How long an entry's name is before the address. */
export const prefixLength = 29;

/**
 * 64 bits of a container ID, as 16 hex digits: FNV-1a in two lanes, each stirred at the end. It only has to spread:
 * what an entry says is believed after the lease was read, never for its name.
 */
export function hashContainerID(containerID: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < containerID.length; i++) {
    const code = containerID.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return [a, b]
    .map((lane) => {
      const mixed = Math.imul(lane ^ (lane >>> 16), 0x45d9f3b);
      return ((mixed ^ (mixed >>> 15)) >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}

/** Where a container's entries are: in which bucket, and how their names begin. */
interface Place {
  readonly bucket: string;
  readonly digits: string;
}

/** The place asked for last: mostly it is asked for again. */
let last: { readonly containerID: string; readonly place: Place } | undefined;

/** Where a container's entries are. */
export function placeOf(containerID: string): Place {
  if (last?.containerID !== containerID) {
    const hash = hashContainerID(containerID);
    const bucket = buckets[Number.parseInt(hash.slice(0, 2), 16) % buckets.length] ?? '';
    last = { containerID, place: { bucket, digits: hash.slice(2) } };
  }
  return last.place;
}

/**
 * Which addresses a container has, found without reading the leases: `.attachments/<bucket>/<14 hex>.<origin>-<boot>.
 * <address>`, where bucket and hex digits are the container ID's hash. Each entry is a hard link to the lease, for the
 * Go host-local walks the folder when it releases a container and removes every file whose content is that
 * container's: so it takes our entries away with its lease, and finds nothing there that it could misread, since no
 * name here is an address.
 */
export class AttachmentIndex {
  /** Where a lease is written before it has its names. */
  readonly draft: string;
  /** Of each bucket looked at, whether it was as ours had left it. */
  private readonly untouched = new Map<string, boolean>();
  /** The buckets that were changed here. */
  private readonly changed = new Set<string>();
  private caughtUp = false;

  constructor(readonly folder: string) {
    this.draft = `${folder}/draft`;
  }

  /**
   * Whether the index is there.
   * @throws CniError code 5 where something else is in its place
   */
  exists(): boolean {
    return lookForFolder(this.folder) !== undefined;
  }

  /** Makes the folder of an index that isn't there. */
  create(): void {
    mkdirSync(this.folder, { mode: 0o700 });
  }

  bucketPath(bucket: string): string {
    return `${this.folder}/${bucket}`;
  }

  /**
   * The entries that may be of a container.
   * @throws CniError code 5
   */
  of(containerID: string): IndexEntry[] {
    const { bucket, digits } = placeOf(containerID);
    const stats = lookForFolder(this.bucketPath(bucket));
    const untouched = stats === undefined || isStamped(stats);
    if (!this.untouched.has(bucket)) this.untouched.set(bucket, untouched);
    const found: IndexEntry[] = [];
    for (const name of stats === undefined ? [] : this.list(bucket)) {
      if (!name.startsWith(digits)) continue;
      const entry = this.parse(bucket, name);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /**
   * Whether nobody but ours has changed the bucket of a container that was looked for, and each of those ran to its
   * end. Then an entry that an ADD of ours made is still there, and so are those made with it.
   */
  isUntouched(containerID: string): boolean {
    return this.caughtUp || this.untouched.get(placeOf(containerID).bucket) === true;
  }

  /** To be told once each lease has its entry. */
  noteCaughtUp(): void {
    this.caughtUp = true;
  }

  /** Whether a container's entries include one for an address. */
  has(containerID: string, address: string): boolean {
    return this.of(containerID).some((entry) => entry.address === address);
  }

  /** The entry that a file name spells; undefined where it is none. */
  private parse(bucket: string, name: string): IndexEntry | undefined {
    // No regular expression, which takes ten times as long: there may be thousands of names.
    const origin = name.slice(15, 19);
    if ((origin !== 'made' && origin !== 'seen') || name.length <= prefixLength) return undefined;
    const path = `${this.folder}/${bucket}/${name}`;
    return { path, bucket, origin, boot: name.slice(20, 28), address: name.slice(prefixLength) };
  }

  private list(bucket: string): string[] {
    const folder = this.bucketPath(bucket);
    try {
      return readdirSync(folder);
    } catch (error) {
      throw refused('read', folder, error);
    }
  }

  /**
   * The names in each bucket.
   * @throws CniError code 5 where something else is in the place of a bucket
   */
  private *listings(): Generator<readonly [bucket: string, names: string[]]> {
    for (const bucket of buckets) {
      if (lookForFolder(this.bucketPath(bucket)) !== undefined) yield [bucket, this.list(bucket)];
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
    // Of names that are no entries.
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
   * Gives the draft, a lease by now, its name in the index.
   * @returns the entry
   */
  addDraft(containerID: string, address: string): IndexEntry {
    return this.add(containerID, address, 'made', (path) => renameSync(this.draft, path));
  }

  /** Adds a lease that stands in the folder already. */
  addLease(lease: string, containerID: string, address: string): void {
    this.add(containerID, address, 'seen', (path) => linkSync(lease, path));
  }

  private add(containerID: string, address: string, origin: Origin, put: (path: string) => void): IndexEntry {
    const { bucket, digits } = placeOf(containerID);
    const boot = bootID();
    const path = `${this.folder}/${bucket}/${digits}.${origin}-${boot}.${address}`;
    this.changed.add(bucket);
    try {
      put(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') mkdirSync(this.bucketPath(bucket), { mode: 0o700 });
      else if (errno === 'EEXIST') remove(path);
      else throw error;
      put(path);
    }
    return { path, bucket, origin, boot, address };
  }

  /** Takes the entries of one lease out. */
  remove(containerID: string, address: string): void {
    for (const entry of this.of(containerID)) {
      if (entry.address === address) this.removeEntry(entry);
    }
  }

  /** Takes an entry out. */
  removeEntry({ bucket, path }: IndexEntry): void {
    this.changed.add(bucket);
    remove(path);
  }

  /** Has a bucket stamped with those that were changed. */
  noteChange(bucket: string): void {
    this.changed.add(bucket);
  }

  /** Stamps a bucket whose sum is saved. */
  stampSummed(bucket: string): void {
    putStamp(this.bucketPath(bucket), stamp.complete);
    this.changed.delete(bucket);
  }

  /** Stamps buckets that were changed here, and by nobody else before: to be called when all is done. */
  stampChanged(): void {
    for (const bucket of this.changed) {
      if (this.caughtUp || this.untouched.get(bucket) === true) putStamp(this.bucketPath(bucket), stamp.ours);
    }
  }
}
