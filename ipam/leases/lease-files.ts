import { fileErrorCode } from '../../netlink/error.ts';
import type { Stats } from '../../netlink/libc/files.ts';
import { look, namesIn, readSmallFile, refused, sumIn } from './files.ts';
import { LastReserved } from './last-reserved.ts';
import { type Lease, parseLease } from './lease.ts';

/** A lease and its address. */
export interface LeasedAddress extends Lease {
  readonly address: string;
}

/** The default directory for leases. */
const defaultDataDir = '/var/lib/cni/networks';

/** The directory of a network's leases. */
export function leaseDirectory(dataDir: string | undefined, network: string): string {
  return `${dataDir || defaultDataDir}/${network}`;
}

/** Whether a file name may be a lease's, judged by its characters as in `sumAddressesSync`. */
export function isAddressName(name: string): boolean {
  return /^[0-9a-f]*[.:][0-9a-f.:]+$/i.test(name);
}

/**
 * A network's directory in the Go host-local's layout: a file for each address, `last_reserved_ip.N` for each range
 * set.
 */
export class LeaseFiles {
  constructor(readonly directory: string) {}

  path(address: string): string {
    return `${this.directory}/${address}`;
  }

  /**
   * The lease of an address; undefined for none, or for a file that is not a lease.
   * @throws CniError code 5
   */
  read(address: string): Lease | undefined {
    const path = this.path(address);
    try {
      return parseLease(readSmallFile(path));
    } catch (error) {
      // Nothing, a link, a directory, a socket.
      if (['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(fileErrorCode(error) ?? '')) return undefined;
      throw refused('read lease', path, error);
    }
  }

  /** The stats of an address's file, links not followed. */
  look(address: string): Stats | undefined {
    return look(this.path(address));
  }

  /** The names in the directory, the leased addresses among them. */
  names(): string[] {
    return namesIn(this.directory);
  }

  /** The sum over the addresses and their files. */
  sum(): readonly [number, number] {
    return sumIn(this.directory, 0);
  }

  /** Where a range set's round robin stands. */
  lastReserved(set: number): LastReserved {
    return new LastReserved(this.path(`last_reserved_ip.${set}`));
  }
}
