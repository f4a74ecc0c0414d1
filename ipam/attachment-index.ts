import { linkSync, mkdirSync, readdirSync, renameSync } from '#files';
import { bootID } from './boot.ts';
import { CniError, errorCode } from './error.ts';
import { errnoOf, look, refused, remove } from './files.ts';

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

/** The entry that a file name spells; undefined where it is none. */
function parseEntry(bucket: string, name: string): (IndexEntry & { readonly hash: string }) | undefined {
  const [, hash, origin, boot, address] =
    /^([0-9a-f]{14})\.(made|seen)-([0-9a-f]{8})\.([0-9a-f.:]+)$/i.exec(name) ?? [];
  if (hash === undefined || boot === undefined || address === undefined) return undefined;
  return { path: `${bucket}/${name}`, hash, origin: origin === 'made' ? 'made' : 'seen', boot, address };
}

/**
 * Which addresses a container has, found without reading the leases: `.attachments/<2 hex>/<14 hex>.<origin>-<boot>.
 * <address>`, where the hex digits are the container ID's hash. Each entry is a hard link to the lease, for the Go
 * host-local walks the folder when it releases a container and removes every file whose content is that
 * container's: so it takes our entries away with its lease, and finds nothing there that it could misread, since
 * no name here is an address.
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
    const stats = look(this.folder);
    if (stats !== undefined && !stats.isDirectory()) throw notFolder(this.folder);
    return stats !== undefined;
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
    const hash = hashContainerID(containerID);
    const bucket = `${this.folder}/${hash.slice(0, 2)}`;
    const stats = look(bucket);
    if (stats === undefined) return [];
    if (!stats.isDirectory()) throw notFolder(bucket);
    const found: IndexEntry[] = [];
    for (const name of list(bucket)) {
      if (!name.startsWith(hash.slice(2))) continue;
      const entry = parseEntry(bucket, name);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /**
   * Every entry, by address.
   * @throws CniError code 5 where something else is in the place of a bucket
   */
  all(): Map<string, IndexEntry[]> {
    const entries = new Map<string, IndexEntry[]>();
    for (const child of list(this.folder)) {
      // What else is in the folder has other names: the draft.
      if (!/^[0-9a-f]{2}$/.test(child)) continue;
      const bucket = `${this.folder}/${child}`;
      if (look(bucket)?.isDirectory() !== true) throw notFolder(bucket);
      for (const name of list(bucket)) {
        const entry = parseEntry(bucket, name);
        if (entry === undefined) continue;
        const others = entries.get(entry.address);
        if (others === undefined) entries.set(entry.address, [entry]);
        else others.push(entry);
      }
    }
    return entries;
  }

  /** Gives the draft, a lease by now, its name in the index. */
  addDraft(containerID: string, address: string): void {
    this.add(containerID, address, 'made', (path) => renameSync(this.draft, path));
  }

  /** Adds a lease that stands in the folder already. */
  addLease(lease: string, containerID: string, address: string): void {
    this.add(containerID, address, 'seen', (path) => linkSync(lease, path));
  }

  private add(containerID: string, address: string, origin: Origin, put: (path: string) => void): void {
    const hash = hashContainerID(containerID);
    const bucket = `${this.folder}/${hash.slice(0, 2)}`;
    const path = `${bucket}/${hash.slice(2)}.${origin}-${bootID()}.${address}`;
    try {
      put(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') mkdirSync(bucket, { mode: 0o700 });
      else if (errno === 'EEXIST') remove(path);
      else throw error;
      put(path);
    }
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

function notFolder(path: string): CniError {
  return new CniError(errorCode.io, `cannot use ${path}`, 'it is no folder; links are not followed');
}
