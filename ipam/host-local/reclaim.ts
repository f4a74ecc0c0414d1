import { statfsSync } from '#files';
import { parseIP } from '../../netlink/ip.ts';
import type { IndexEntry } from '../leases/attachment-index.ts';
import { type Boot, currentBoot, unknownBoot } from '../leases/boot.ts';
import { look, refused } from '../leases/files.ts';
import { describeOwner } from '../leases/lease.ts';
import { isAddressName, type LeasedAddress } from '../leases/lease-files.ts';
import type { Store } from '../leases/store.ts';
import type { HostLocalConfig } from './config.ts';
import { holds, type RangeSet } from './ranges.ts';
import type { HostLocalRequest } from './request.ts';

/** How many leases to take back at once: the lock is held meanwhile, and each prints a line on stderr. */
const atOnce = 256;

/**
 * The file systems (statfs(2), `f_type`) that only one kernel writes to: ext2 to ext4, XFS, Btrfs, tmpfs, ramfs,
 * overlayfs, F2FS, ZFS, bcachefs. Elsewhere a lease from another boot may belong to another node's running container.
 */
const localFileSystems = [
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0xca451a4e,
];

/** Why a lease's owner can no longer exist; undefined if it can. */
type Proof = 'it was held during an earlier boot' | 'its file is older than this boot' | undefined;

/**
 * Whether a lease is from before a boot.
 * @param entry the lease's entry in the index, if any
 * @param changed when the lease file was last changed, in milliseconds
 */
export function proofOfDeath(
  entry: Pick<IndexEntry, 'origin' | 'boot'> | undefined,
  changed: number,
  boot: Boot,
): Proof {
  const known = entry !== undefined && entry.boot !== unknownBoot && boot.id !== unknownBoot;
  if (known && entry.boot !== boot.id) return 'it was held during an earlier boot';
  if (known && entry.origin === 'made') return undefined;
  return boot.start !== undefined && changed < boot.start ? 'its file is older than this boot' : undefined;
}

/** An address leased to a container that can no longer exist. */
interface DeadLease {
  readonly address: string;
  readonly proof: Proof;
}

/** Whether leases from before this boot are taken back. */
export function mayReclaim({ reclaimAfterReboot }: HostLocalConfig): boolean {
  return reclaimAfterReboot !== false;
}

/** Whether no other kernel writes to the directory. */
function isLocal({ directory }: Store): boolean {
  try {
    return localFileSystems.includes(statfsSync(directory).type);
  } catch (error) {
    throw refused('read', directory, error);
  }
}

/** @param entries those of the address in the index */
function proofFor(store: Store, address: string, entries: readonly IndexEntry[], boot: Boot): Proof {
  const file = store.look(address);
  if (!file?.isFile()) return undefined;
  const own = entries.find(({ path }) => look(path)?.ino === file.ino);
  return proofOfDeath(own, file.mtimeMs, boot);
}

/** A range set's leases whose owners can no longer exist. */
function* deadLeases(store: Store, set: RangeSet, boot: Boot): Generator<DeadLease> {
  if (!isLocal(store)) return;
  const entries = store.known.entries();
  for (const address of store.names()) {
    const ip = isAddressName(address) ? parseIP(address) : undefined;
    if (ip === undefined || !set.some((range) => holds(range, ip))) continue;
    const proof = proofFor(store, address, entries.get(address) ?? [], boot);
    if (proof !== undefined) yield { address, proof };
  }
}

/** @returns whether the address is free now */
function reclaim(store: Store, { address, proof }: DeadLease, warn: (line: string) => void): boolean {
  const lease = store.read(address);
  // A power cut leaves a lease that wasn't on disk yet as a name without content.
  if (lease === undefined) return store.known.discardResidue(address);
  store.release({ address, ...lease });
  warn(`reclaimed ${store.path(address)} of ${describeOwner(lease)}: ${proof}`);
  return true;
}

/**
 * Takes back a range set's leases from before this boot, with a line on stderr for each. Call it when, and only when,
 * the set has no free address left.
 *
 * A network namespace ends with the kernel that made it, so the owner of such a lease can no longer exist. There are
 * two ways to know that a lease is from before this boot:
 *
 * - The index has an entry for that very file with another boot's ID: the lease was made, or seen, then. No clock is
 *   involved, nor in keeping a lease whose entry says that it was made in this boot.
 * - Else, for a lease by the Go host-local that was first seen in this boot, its file was last changed before the boot,
 *   both by the current clock and by the clock at the boot (`boot.ts`). This is wrong only for a lease made while the
 *   clock was set back to before the boot, if it is set forward again while the container runs.
 *
 * A file put in the directory by hand to reserve an address is a lease like any other. `reclaimAfterReboot: false`
 * turns all this off.
 * @returns how many addresses are free again
 * @throws CniError code 5
 */
export function reclaimLeases(
  store: Store,
  set: RangeSet,
  warn: (line: string) => void,
  boot = currentBoot(),
): number {
  let count = 0;
  for (const dead of deadLeases(store, set, boot)) {
    if (reclaim(store, dead, warn) && ++count === atOnce) break;
  }
  return count;
}

/**
 * Takes back these leases if all of them are from before this boot, by the same proofs and with the same lines.
 * @returns whether they were
 * @throws CniError code 5
 */
export function reclaimAll(
  store: Store,
  { config, warn }: HostLocalRequest,
  leases: readonly LeasedAddress[],
): boolean {
  if (!mayReclaim(config) || !isLocal(store)) return false;
  const boot = currentBoot();
  const dead: DeadLease[] = [];
  for (const { address, containerID } of leases) {
    const proof = proofFor(store, address, store.known.entriesOf(containerID, address), boot);
    if (proof === undefined) return false;
    dead.push({ address, proof });
  }
  return dead.every((lease) => reclaim(store, lease, warn));
}
