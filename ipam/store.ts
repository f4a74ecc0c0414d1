import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { libc } from '#libc';
import { fileErrorCode, SystemError } from '../netlink/error.ts';
import { formatIP, type IP, parseIP } from '../netlink/ip.ts';
import type { Attachment } from './config.ts';
import { CniError, errorCode } from './error.ts';

/** Where leases are kept unless the configuration says otherwise. */
export const defaultDataDir = '/var/lib/cni/networks';

const LOCK_EX = 2;
const EINTR = 4;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** A lease as it stands in the folder. */
export interface Lease {
  readonly address: string;
  readonly containerID: string;
  /** Empty in the oldest format, which has the container ID alone. */
  readonly ifname: string;
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = fileErrorCode(error);
  return code !== undefined && codes.includes(code);
}

function refused(operation: string, path: string, error: unknown): CniError {
  const reason = fileErrorCode(error) ?? String(error);
  const hint = reason === 'ELOOP' ? ' (a symbolic link, which is not followed)' : '';
  return new CniError(errorCode.io, `cannot ${operation} ${path}`, `${reason}${hint}`);
}

/**
 * The folder of a network's leases, shared with the Go host-local: a file for each address, `last_reserved_ip.N`
 * for each range set, and `lock`.
 */
export class Store {
  private constructor(
    readonly folder: string,
    private readonly lockFd: number,
  ) {}

  /**
   * Opens and locks the folder of a network; makes it where it is missing.
   * @throws CniError code 5
   */
  static open(dataDir: string, network: string): Store {
    const folder = `${dataDir}/${network}`;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
    } catch (error) {
      throw refused('create lease folder', folder, error);
    }
    return new Store(folder, lock(`${folder}/lock`, O_CREAT | O_RDWR));
  }

  /**
   * The same where the folder exists; undefined where it doesn't, and so holds no lease.
   * @throws CniError code 5
   */
  static openExisting(dataDir: string, network: string): Store | undefined {
    const folder = `${dataDir}/${network}`;
    try {
      lstatSync(folder);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw refused('look at lease folder', folder, error);
    }
    return Store.open(dataDir, network);
  }

  /** Unlocks. */
  close(): void {
    closeSync(this.lockFd);
  }

  /** Every lease; files that are none, an empty one among them, are passed over. */
  leases(): Lease[] {
    const found: Lease[] = [];
    for (const name of readdirSync(this.folder)) {
      if (parseIP(name) === undefined) continue;
      const lease = this.read(name);
      if (lease !== undefined) found.push(lease);
    }
    return found;
  }

  /** The lease of one address; undefined where it is free. */
  read(address: string): Lease | undefined {
    const path = `${this.folder}/${address}`;
    try {
      const fd = openSync(path, O_RDONLY | O_NOFOLLOW);
      try {
        const [containerID = '', ifname = ''] = readFileSync(fd, 'utf8').trim().split(/\r?\n/);
        return containerID === '' ? undefined : { address, containerID, ifname };
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw refused('read lease', path, error);
    }
  }

  /** The addresses leased to an attachment; a lease without an interface name counts for each interface. */
  leasedTo({ containerID, ifname }: Attachment): string[] {
    return this.leases()
      .filter(
        (lease) => lease.containerID === containerID && (lease.ifname === '' || lease.ifname === ifname),
      )
      .map(({ address }) => address);
  }

  /**
   * Claims an address. The lease appears whole or not at all: it is written aside, then linked to its name, which
   * fails where that is taken.
   * @returns whether the address was free
   * @throws CniError code 5
   */
  claim(ip: IP, { containerID, ifname }: Attachment): boolean {
    const path = `${this.folder}/${formatIP(ip)}`;
    const draft = `${this.folder}/.draft`;
    try {
      remove(draft);
      const fd = openSync(draft, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
      try {
        writeSync(fd, `${containerID}\r\n${ifname}`);
        linkSync(draft, path);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
        remove(draft);
      }
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw refused('write lease', path, error);
    }
  }

  /** Ends the lease of an address; none is no error. */
  release(address: string): void {
    try {
      remove(`${this.folder}/${address}`);
    } catch (error) {
      throw refused('remove lease', `${this.folder}/${address}`, error);
    }
  }

  /** The address handed out last of a range set; undefined where that is not known. */
  lastReserved(set: number): IP | undefined {
    try {
      const fd = openSync(`${this.folder}/last_reserved_ip.${set}`, O_RDONLY | O_NOFOLLOW);
      try {
        return parseIP(readFileSync(fd, 'utf8').trim());
      } finally {
        closeSync(fd);
      }
    } catch {
      // It costs the round robin its place and nothing more.
      return undefined;
    }
  }

  /**
   * Notes the address handed out last of a range set.
   * @throws CniError code 5
   */
  setLastReserved(set: number, ip: IP): void {
    const path = `${this.folder}/last_reserved_ip.${set}`;
    try {
      const fd = openSync(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, 0o600);
      try {
        writeSync(fd, formatIP(ip));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw refused('write', path, error);
    }
  }
}

function lock(path: string, flags: number): number {
  let fd: number;
  try {
    fd = openSync(path, flags | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw refused('open lock', path, error);
  }
  while (libc.flock(fd, LOCK_EX) < 0) {
    const errno = libc.errno();
    if (errno !== EINTR) {
      closeSync(fd);
      throw new SystemError('lock', path, errno);
    }
  }
  return fd;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

/** Why no lease can be written below a folder, which need not exist yet; undefined where it can. */
export function folderFault(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return lstatSync(`${folder}/.`).isDirectory() ? undefined : 'it is no folder';
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT' && folder !== '/' && folder !== '') {
      return folderFault(folder.slice(0, folder.lastIndexOf('/')) || '/');
    }
    return code ?? String(error);
  }
}
