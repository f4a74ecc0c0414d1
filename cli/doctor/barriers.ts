import { type Connection, openNetfilter } from '../../netlink/connection.ts';
import { type Family, family } from '../../netlink/ip.ts';
import { listDroppingChains } from '../../netlink/nftables/forward-hook.ts';
import { nfproto } from '../../netlink/nftables/message.ts';
import { legacyFilter } from '../../plugin/netfilter/masquerade/iptables.ts';
import type { Barrier } from './sight.ts';

/** As the nft command names them. */
const protocols = [
  { proto: nfproto.inet, name: 'inet' },
  { proto: nfproto.ipv4, name: 'ip' },
  { proto: nfproto.ipv6, name: 'ip6' },
];

function inNftables(connection: Connection): Barrier[] {
  return protocols.flatMap(({ proto, name }) =>
    listDroppingChains(connection, proto).map(({ table, name: chain, contents }) => ({
      by: 'nftables',
      where: `table ${name} ${table.name} chain ${chain}`,
      contents,
      family: proto,
    })),
  );
}

function inLegacyIptables(of: Family): Barrier[] {
  const lines = legacyFilter(of);
  const verdict =
    lines.flatMap((line) => /^-A FORWARD -j (ACCEPT|DROP|REJECT)/.exec(line)?.[1] ?? [])[0] ??
    lines.flatMap((line) => /^:FORWARD (\S+)/.exec(line)?.[1] ?? [])[0];
  if (verdict === undefined || verdict === 'ACCEPT') return [];
  const [proto, name] = of === family.ipv4 ? [nfproto.ipv4, 'ip'] : [nfproto.ipv6, 'ip6'];
  return [
    {
      by: 'iptables',
      where: `table ${name} filter chain FORWARD`,
      contents: lines.join('\n'),
      family: proto,
    },
  ];
}

/**
 * Every chain that drops what is forwarded unless a rule accepts it, of nftables, iptables-nft and legacy iptables.
 * @throws NetlinkError: EPERM without CAP_NET_ADMIN; CniError where a program of iptables fails
 */
export function readBarriers(): Barrier[] {
  const connection = openNetfilter();
  try {
    return [...inNftables(connection), ...[family.ipv4, family.ipv6].flatMap(inLegacyIptables)];
  } finally {
    connection.close();
  }
}
