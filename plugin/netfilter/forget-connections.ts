import { CniError, errorCode } from '../../cni/error.ts';
import { equal, getBe32 } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import {
  decodeEntryFrom,
  deleteEntry,
  type Entry,
  getEntryCount,
  listEntries,
  listEntriesFrom,
} from '../../netlink/conntrack/entry.ts';
import { isErrno } from '../../netlink/error.ts';
import { readValue } from '../../netlink/file.ts';
import { type IP, ipBytes } from '../../netlink/ip.ts';
import type { Message } from '../../netlink/message.ts';
import { readSysctl } from '../../netlink/sysctl.ts';

/** The number of connections tracked in this network namespace; missing where nothing tracks any. */
const countSysctl = 'net/netfilter/nf_conntrack_count';

/** From this version on a dump can be limited to an address; before, that of the reply found nothing at times. */
const filteringSince = [5, 16] as const;
/**
 * For each dump the kernel walks its whole table. With fewer connections than this for each address, one walk and a look
 * at all of them is faster than two walks for each address.
 */
const manyConnections = 1000;

/**
 * Makes the kernel forget the connections (conntrack) that any of these addresses began or answers, also behind a
 * translated address, so that whoever gets the address next doesn't get their packets. Asks nothing where the kernel
 * tracks none, since the question alone would load a module.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function forgetConnections(connection: Connection, addresses: readonly IP[]): void {
  if (addresses.length === 0) return;
  const count = Number(readSysctl(countSysctl) ?? 0);
  if (count === 0) return;
  const isFiltered = count > manyConnections * addresses.length && canFilter();
  const entries = findEntries(connection, addresses, isFiltered);
  for (const { error } of connection.exchange(entries.map(deleteEntry))) {
    // Gone by itself, or found twice.
    if (error !== undefined && !isErrno(error, 'ENOENT')) throw error;
  }
}

/**
 * Checks that the kernel can forget connections, if it tracks any.
 * @throws CniError code 50
 */
export function checkForgetting(connection: Connection | undefined): void {
  if (connection === undefined || readSysctl(countSysctl) === undefined) return;
  const error = connection.exchange([getEntryCount()])[0]?.error;
  if (error !== undefined) throw asNotAvailable(error);
}

/**
 * The connections from any of these addresses, in either direction.
 * @param isFiltered whether the kernel can leave out the others
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function findEntries(connection: Connection, addresses: readonly IP[], isFiltered: boolean): Entry[] {
  const sources = addresses.map(ipBytes);
  // Most addresses differ in their last 32 bits.
  const ends = new Set(sources.map((source) => getBe32(source, source.length - 4)));
  const isWanted = (source: Uint8Array): boolean =>
    ends.has(getBe32(source, source.length - 4)) && sources.some((one) => equal(one, source));
  // Whatever the kernel leaves out, nothing but what is compared here is deleted.
  const decode = (message: Message): Entry | undefined => decodeEntryFrom(message, isWanted);
  const dumps = isFiltered
    ? addresses.flatMap((ip) => [listEntriesFrom(ip, 'original'), listEntriesFrom(ip, 'reply')])
    : [listEntries()];
  try {
    return dumps.flatMap((dump) => connection.collect(dump, decode));
  } catch (error) {
    throw asNotAvailable(error);
  }
}

function canFilter(): boolean {
  const [major = 0, minor = 0] = readValue('/proc/sys/kernel/osrelease').split('.').map(Number.parseFloat);
  return major > filteringSince[0] || (major === filteringSince[0] && minor >= filteringSince[1]);
}

/** The error for a kernel without ctnetlink, which nfnetlink answers with EINVAL; any other as it is. */
function asNotAvailable(error: unknown): unknown {
  if (!isErrno(error, 'EINVAL', 'EOPNOTSUPP')) return error;
  return new CniError(
    errorCode.notAvailable,
    'forgetConnections is not available on this kernel',
    `${error.message}; it needs CONFIG_NF_CT_NETLINK`,
  );
}
