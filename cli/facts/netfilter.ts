import { type Connection, openNetfilter } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { formatIP, ipOfBytes } from '../../netlink/ip.ts';
import { decodeElements, listElements } from '../../netlink/nftables/map.ts';
import { nfproto, type Table } from '../../netlink/nftables/message.ts';
import { listTables } from '../../netlink/nftables/table-list.ts';
import { goTable, listGoPrefixes } from '../../plugin/netfilter/masquerade/go-nftables.ts';
import { iptablesTables } from '../../plugin/netfilter/masquerade/iptables-nft.ts';
import { listNftSources } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import { bothFamilies, families, ownTable } from '../../plugin/netfilter/masquerade/own-table.ts';
import { listSpoofChecks } from '../../plugin/netfilter/spoof-check.ts';
import { spoofTable } from '../../plugin/netfilter/spoof-check-rules.ts';
import type { MasqueradeElement, MasqueradeTable, Netfilter } from './raw.ts';

/** What the name of every network's table begins with. */
const tablePrefix = ownTable('').name;

const nothing: Netfilter = { tables: [], sources: [], goPrefixes: new Set(), spoofChecks: new Set() };

function elementsOf(connection: Connection, table: Table): MasqueradeElement[] {
  const found = bothFamilies.flatMap((family) =>
    connection.collect(listElements({ table, name: families[family].map }), decodeElements),
  );
  const elements = found.flat().flatMap(({ key, chain, comment: owner }) => {
    const ip = ipOfBytes(key);
    return ip === undefined ? [] : [{ address: formatIP(ip), chain, owner }];
  });
  // On a busy host a dump may have one twice.
  return [...new Map(elements.map((element) => [element.address, element])).values()];
}

function read(connection: Connection): Netfilter {
  const all = listTables(connection, nfproto.unspec);
  const isThere = (table: Table): boolean =>
    all.some(({ family, name }) => family === table.family && name === table.name);
  const own = all.filter(({ family, name }) => family === nfproto.inet && name.startsWith(tablePrefix));
  return {
    tables: own.map(
      (table): MasqueradeTable => ({ name: table.name, elements: elementsOf(connection, table) }),
    ),
    sources: bothFamilies
      .filter((of) => isThere(iptablesTables[of]))
      .flatMap((of) => listNftSources(connection, of)),
    goPrefixes: isThere(goTable) ? listGoPrefixes(connection) : new Set(),
    spoofChecks: isThere(spoofTable) ? listSpoofChecks(connection) : new Set(),
  };
}

/**
 * What netfilter does for all networks, but by legacy iptables; nothing where the kernel has no nftables.
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function readNetfilter(): Netfilter {
  let connection: Connection | undefined;
  try {
    connection = openNetfilter();
    return read(connection);
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'EOPNOTSUPP', 'EPROTONOSUPPORT', 'EAFNOSUPPORT')) return nothing;
    throw error;
  } finally {
    connection?.close();
  }
}
