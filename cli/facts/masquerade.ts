import { type Connection, openNetfilter } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { formatIP, ipOfBytes } from '../../netlink/ip.ts';
import { decodeElements, listElements } from '../../netlink/nftables/map.ts';
import { nfproto, type Table } from '../../netlink/nftables/message.ts';
import { listTables } from '../../netlink/nftables/table-list.ts';
import { bothFamilies, families, ownTable } from '../../plugin/netfilter/masquerade/own-table.ts';
import type { MasqueradeElement, MasqueradeTable } from './raw.ts';

/** What the name of every network's table begins with. */
const tablePrefix = ownTable('').name;

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

/**
 * The tables of all networks that are masqueraded by nftables; none where the kernel has no nftables.
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN
 */
export function readMasquerading(): MasqueradeTable[] {
  const connection = openNetfilter();
  try {
    return listTables(connection, nfproto.inet)
      .filter(({ name }) => name.startsWith(tablePrefix))
      .map((table) => ({ name: table.name, elements: elementsOf(connection, table) }));
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'EOPNOTSUPP', 'EPROTONOSUPPORT', 'EAFNOSUPPORT')) return [];
    throw error;
  } finally {
    connection.close();
  }
}
