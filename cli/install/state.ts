import { closeSync, mkdirSync, readdirSync, renameSync } from '#files';
import { lockFile } from '../../ipam/leases/lock.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { isSameFile, look, removeTree, syncDirectory } from './place.ts';

/**
 * What an installation remembers, in a directory beside the executables, and so in the same file system:
 *
 * - `versions/0.2.0-2a1f25c`: an executable; the one in place is a second name of one of them
 * - `before/NAME`: what had one of our names before
 * - `conflist`, `conflist.next`: what was written into the runtime's configuration (conflist.ts)
 * - `lock`, and files that are being written
 */
export class State {
  readonly directory: string;
  readonly versions: string;
  readonly before: string;
  /** A name for what is about to be renamed into its place. */
  readonly aside: string;
  private readonly gone: string;

  /** @param binDir where runtimes look for plugins */
  constructor(readonly binDir: string) {
    this.directory = `${binDir}/.cni-bridge`;
    this.versions = `${this.directory}/versions`;
    this.before = `${this.directory}/before`;
    this.aside = `${this.directory}/aside`;
    this.gone = `${binDir}/.cni-bridge.gone`;
  }

  /** Whether anything was installed, or its removal has not been finished. */
  exists(): boolean {
    return look(this.directory) !== undefined || look(this.gone) !== undefined;
  }

  /** The names of the executables that are kept. */
  listVersions(): string[] {
    return look(this.versions) === undefined ? [] : readdirSync(this.versions).sort();
  }

  /** Which of them `bridge` is; undefined if it is another program's, or missing. */
  placedVersion(): string | undefined {
    const place = `${this.binDir}/bridge`;
    return this.listVersions().find((name) => isSameFile(place, `${this.versions}/${name}`));
  }

  /** Works on it while no other process does. What an earlier one had not finished removing is removed. */
  whileLocked<T>(work: () => T): T {
    const fd = this.lock();
    try {
      removeTree(this.gone);
      return work();
    } finally {
      closeSync(fd);
    }
  }

  /** An uninstallation may take the directory away while this waits for it. */
  private lock(): number {
    for (let attempt = 1; ; attempt++) {
      mkdirSync(this.directory, { mode: 0o755, recursive: true });
      try {
        return lockFile(`${this.directory}/lock`);
      } catch (error) {
        if (fileErrorCode(error) !== 'ENOENT' || attempt === 20) throw error;
      }
    }
  }

  /** Forgets everything at once: a kill leaves the whole of it, or nothing that counts. */
  remove(): void {
    renameSync(this.directory, this.gone);
    syncDirectory(this.binDir);
    removeTree(this.gone);
  }
}
