import { linkSync, mkdirSync, readdirSync, renameSync } from '#files';
import { bootID } from './boot.ts';
import { errnoOf, lookForFolder, refused, remove } from './files.ts';

/**
 * How a lease came into the index: `made` with it, or `seen`, when it stood there already. Either way the lease
 * existed during the boot that the entry names.
 */
export type Origin = 'made' | 'seen';

/** An entry of the index: a container's hash, when its lease was known to exist, and its address. */
export interface IndexEntry {
  readonly path: string;
  readonly origin: Origin;
  /** The first 8 hex digits of the boot ID. */
  readonly boot: string;
  readonly address: string;
}

/**
 * How many folders the entries are spread over. To find a container's is to list one of them, 0.05 ms among 10,000
 * leases; to find out in which of them others removed some is to look at all, 0.4 ms.
 */
export const buckets = 128;

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

/** The bucket of a container, and how its entries' names begin there. */
export function placeOf(containerID: string): { bucket: string; digits: string } {
  const hash = hashContainerID(containerID);
  const bucket = Number.parseInt(hash.slice(0, 2), 16) % buckets;
  return { bucket: bucket.toString(16).padStart(2, '0'), digits: hash.slice(2) };
}

/** The entry that a file name spells; undefined where it is none. */
function parseEntry(folder: string, name: string): IndexEntry | undefined {
  // No regular expression, which takes ten times as long: there may be thousands of names.
  const origin = name.slice(15, 19);
  if ((origin !== 'made' && origin !== 'seen') || name.length <= prefixLength) return undefined;
  return { path: `${folder}/${name}`, origin, boot: name.slice(20, 28), address: name.slice(prefixLength) };
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

  /**
   * The entries that may be of a container.
   * @throws CniError code 5
   */
  of(containerID: string): IndexEntry[] {
    const { bucket, digits } = placeOf(containerID);
    const folder = `${this.folder}/${bucket}`;
    if (lookForFolder(folder) === undefined) return [];
    const found: IndexEntry[] = [];
    for (const name of list(folder)) {
      if (!name.startsWith(digits)) continue;
      const entry = parseEntry(folder, name);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /** Whether a container's entries include one for an address. */
  has(containerID: string, address: string): boolean {
    return this.of(containerID).some((entry) => entry.address === address);
  }

  /**
   * The buckets that there are.
   * @throws CniError code 5
   */
  buckets(): string[] {
    if (!this.exists()) return [];
    // What else is in the folder has other names: the draft, the sums.
    return list(this.folder).filter((name) => /^[0-7][0-9a-f]$/.test(name));
  }

  /**
   * The names in each bucket, by its path.
   * @throws CniError code 5 where something else is in the place of a bucket
   */
  private *listings(): Generator<[folder: string, names: string[]]> {
    for (const bucket of this.buckets()) {
      const folder = `${this.folder}/${bucket}`;
      if (lookForFolder(folder) !== undefined) yield [folder, list(folder)];
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
    return addresses;
  }

  /**
   * Every entry, by address.
   * @throws CniError code 5
   */
  all(): Map<string, IndexEntry[]> {
    const entries = new Map<string, IndexEntry[]>();
    for (const [folder, names] of this.listings()) {
      for (const name of names) {
        const entry = parseEntry(folder, name);
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
   * @returns that name
   */
  addDraft(containerID: string, address: string): string {
    return this.add(containerID, address, 'made', (path) => renameSync(this.draft, path));
  }

  /** Adds a lease that stands in the folder already. */
  addLease(lease: string, containerID: string, address: string): void {
    this.add(containerID, address, 'seen', (path) => linkSync(lease, path));
  }

  private add(containerID: string, address: string, origin: Origin, put: (path: string) => void): string {
    const { bucket, digits } = placeOf(containerID);
    const folder = `${this.folder}/${bucket}`;
    const path = `${folder}/${digits}.${origin}-${bootID()}.${address}`;
    try {
      put(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') mkdirSync(folder, { mode: 0o700 });
      else if (errno === 'EEXIST') remove(path);
      else throw error;
      put(path);
    }
    return path;
  }

  /** Takes the entries of one lease out. */
  remove(containerID: string, address: string): void {
    for (const entry of this.of(containerID)) {
      if (entry.address === address) remove(entry.path);
    }
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw refused('read', folder, error);
  }
}
