import { closeSync, constants, openSync, readSync, writeSync } from '#files';
import { decodeText, encodeText } from '../../netlink/bytes.ts';
import { type AttachmentIndex, buckets, prefixLength } from './attachment-index.ts';
import { bootID, unknownBoot } from './boot.ts';
import { lookForDirectory, sumIn } from './files.ts';
import { isComplete } from './stamp.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * The sum over the index's entries, each an address and its lease's inode. If it equals the directory's
 * (`sumAddressesSync`), each lease has its entry: both have the same addresses with the same inodes, and so the same
 * files, since the index's links keep their inodes from being reused.
 *
 * `.attachments/sums` keeps each bucket's sum, and a bucket whose sum there is right has the stamp `complete`. Whoever
 * adds or removes an entry, the Go host-local included, removes the stamp, and the bucket is summed again. The file
 * only counts in the boot in which it was written: after a power cut it may be older than the buckets.
 */
export class IndexSums {
  /** A boot ID, then the two halves of each bucket's sum. */
  private readonly bytes = new Uint8Array(8 + 8 * buckets.length);
  private readonly halves = new Int32Array(this.bytes.buffer, 8);
  /** The buckets whose sum is outdated in memory, and those whose sum is outdated in the file. */
  private readonly changed = new Set<string>();
  private readonly unsaved = new Set<string>();
  private readonly path: string;
  private first = 0;
  private second = 0;

  private constructor(private readonly index: AttachmentIndex) {
    this.path = `${index.directory}/sums`;
  }

  /**
   * The sum, using the saved sum of each bucket that nobody has changed since.
   * @throws CniError code 5 if something else is in the place of a bucket
   */
  static saved(index: AttachmentIndex): IndexSums {
    const sums = new IndexSums(index);
    const saved = sums.isSaved() ? sums.halves.slice() : undefined;
    sums.halves.fill(0);
    buckets.forEach((bucket, number) => {
      const stats = lookForDirectory(index.bucketPath(bucket));
      const at = 2 * number;
      if (stats === undefined) return;
      if (saved !== undefined && isComplete(stats)) sums.set(at, saved[at] ?? 0, saved[at + 1] ?? 0);
      else sums.noteChange(bucket);
    });
    return sums;
  }

  /**
   * The sum, from the buckets alone.
   * @throws CniError code 5 if something else is in the place of a bucket
   */
  static anew(index: AttachmentIndex): IndexSums {
    const sums = new IndexSums(index);
    for (const bucket of buckets) {
      if (lookForDirectory(index.bucketPath(bucket)) !== undefined) sums.noteChange(bucket);
    }
    return sums;
  }

  /** Reads the file. @returns whether it is from this boot */
  private isSaved(): boolean {
    try {
      const fd = openSync(this.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        if (readSync(fd, this.bytes) < this.bytes.length) return false;
      } finally {
        closeSync(fd);
      }
    } catch {
      return false;
    }
    return bootID() !== unknownBoot && decodeText(this.bytes.subarray(0, 8)) === bootID();
  }

  /** Marks a bucket to be summed again, since an entry was added or removed. */
  noteChange(bucket: string): void {
    this.changed.add(bucket);
  }

  private set(at: number, first: number, second: number): void {
    this.first = (this.first + first - (this.halves[at] ?? 0)) | 0;
    this.second = (this.second + second - (this.halves[at + 1] ?? 0)) | 0;
    this.halves[at] = first;
    this.halves[at + 1] = second;
  }

  /**
   * Whether this equals a directory's sum.
   * @throws what `#files` throws
   */
  equals([first, second]: readonly [number, number]): boolean {
    for (const bucket of this.changed) {
      const [a, b] = sumIn(this.index.bucketPath(bucket), prefixLength);
      this.set(2 * buckets.indexOf(bucket), a, b);
      this.unsaved.add(bucket);
    }
    this.changed.clear();
    return this.first === (first | 0) && this.second === (second | 0);
  }

  /** Saves the sums, then stamps the buckets whose sum is new. */
  save(): void {
    if (this.unsaved.size === 0) return;
    this.bytes.set(encodeText(bootID()));
    try {
      const fd = openSync(this.path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      try {
        if (writeSync(fd, this.bytes) < this.bytes.length) throw new Error('ENOSPC');
      } finally {
        closeSync(fd);
      }
      for (const bucket of this.unsaved) this.index.stampSummed(bucket);
    } catch {
      // The sums only save time.
      this.giveUp();
    }
  }

  /** Leaves the saved sums alone: the buckets are known, and are summed again next time. */
  giveUp(): void {
    for (const bucket of this.unsaved) this.index.noteChange(bucket);
  }
}
