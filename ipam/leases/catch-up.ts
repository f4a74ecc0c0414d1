import { formatIP, type IP, next } from '../../netlink/ip.ts';
import { type AttachmentIndex, placeOf } from './attachment-index.ts';
import { look } from './files.ts';
import { IndexSums } from './index-sums.ts';
import type { Lease } from './lease.ts';
import { isAddressName, type LeaseFiles } from './lease-files.ts';

/** How many addresses to look at, back from those handed out last, before comparing the directories by name. */
const guesses = 32;

/**
 * Adds somebody else's lease to the index, or removes what is not a lease.
 * @param lease its content, if already known
 * @returns whether the index is complete for this address
 */
export type Adopt = (address: string, lease?: Lease) => boolean;

/** The addresses that the Go host-local handed out last: `last_reserved_ip.N`, and those before it. */
function* recentAddresses(leases: LeaseFiles): Generator<string> {
  const last: IP[] = [];
  for (let set = 0; ; set++) {
    const turn = leases.lastReserved(set);
    const ip = turn.read();
    turn.close();
    if (ip === undefined) break;
    last.push(ip);
  }
  for (let tried = 0; last.length > 0 && tried < guesses; tried++) {
    const ip = last[tried % last.length];
    const back = BigInt(Math.floor(tried / last.length));
    if (ip !== undefined && ip.value >= back) yield formatIP(next(ip, -back));
  }
}

/**
 * Completes an index by guessing that others have leased the addresses handed out last. The sums of the directory and
 * of the index tell whether the guess is right, which is far less work than comparing names.
 * @returns whether the guess was right; if not, nothing is known
 * @throws what `#files` throws, CniError code 5
 */
export function catchUpByGuess(leases: LeaseFiles, index: AttachmentIndex, adopt: Adopt): boolean {
  const wanted = leases.sum();
  const sums = IndexSums.saved(index);
  for (const address of recentAddresses(leases)) {
    const lease = leases.read(address);
    if (lease !== undefined && !index.has(lease.containerID, address)) {
      if (!adopt(address, lease)) return false;
      sums.noteChange(placeOf(lease.containerID).bucket);
    }
    if (sums.equals(wanted)) break;
  }
  if (!sums.equals(wanted)) return false;
  sums.save();
  return true;
}

/**
 * Completes an index by comparing its addresses with those in the directory. If the sums then show that an address has
 * two entries, or an entry for a file other than the lease, it compares the files too.
 * @throws what `#files` throws, CniError code 5
 */
export function catchUpByNames(leases: LeaseFiles, index: AttachmentIndex, adopt: Adopt): void {
  if (!compareAddresses(leases, index, adopt)) return;
  const sums = IndexSums.saved(index);
  if (sums.equals(leases.sum())) {
    sums.save();
    return;
  }
  if (!compareFiles(leases, index, adopt)) return;
  const allSums = IndexSums.anew(index);
  // They may still differ on a file system whose listings show other inodes.
  if (allSums.equals(leases.sum())) allSums.save();
  else allSums.giveUp();
}

/** @returns whether each lease could be added to the index */
type Compare = (leases: LeaseFiles, index: AttachmentIndex, adopt: Adopt) => boolean;

const compareAddresses: Compare = (leases, index, adopt) => {
  const left = index.addresses();
  let complete = true;
  for (const name of leases.names()) {
    if (!left.delete(name) && isAddressName(name) && !adopt(name)) complete = false;
  }
  // Entries whose lease is gone.
  const lost =
    left.size === 0 ? [] : [...index.all().values()].flat().filter(({ address }) => left.has(address));
  for (const entry of lost) index.removeEntry(entry);
  return complete;
};

const compareFiles: Compare = (leases, index, adopt) => {
  const entries = index.all();
  let complete = true;
  for (const name of leases.names()) {
    if (!isAddressName(name)) continue;
    const inode = leases.look(name)?.ino ?? 0;
    const own = entries.get(name) ?? [];
    const kept = own.find(({ path }) => look(path)?.ino === inode);
    entries.set(
      name,
      own.filter((entry) => entry !== kept),
    );
    if (kept === undefined && !adopt(name)) complete = false;
  }
  for (const entry of [...entries.values()].flat()) index.removeEntry(entry);
  return complete;
};
