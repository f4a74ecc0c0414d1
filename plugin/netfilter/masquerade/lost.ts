import type { Attachment } from '../../../cni/attachment.ts';
import type { Connection } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { type CIDR, type Family, formatIP, ipBytes } from '../../../netlink/ip.ts';
import { type Chain, chainUseOf, getChain } from '../../../netlink/nftables/chain.ts';
import { decodeElements, type Element, getElement } from '../../../netlink/nftables/map.ts';
import { ownerLabel } from '../../attach/owner.ts';
import { type MasqueradeConfig, masqueraded } from '../../config/masquerade.ts';
import { withNetfilterIfThere } from '../connection.ts';
import type { Lost } from '../lost.ts';
import { containerChain } from './go-names.ts';
import { legacyFamilies, lostIptablesLegacy } from './iptables.ts';
import { lostIptablesNft } from './iptables-nft.ts';
import {
  baseChainOf,
  baseRules,
  bothFamilies,
  isFlushed,
  mapOf,
  ownTable,
  rulesIn,
  type Source,
  subnetChain,
} from './own-table.ts';
import { policyOf } from './policy.ts';

/**
 * The first part of an attachment's masquerading that is missing; undefined if nothing is. Without a backend in the
 * configuration either will do. Runs no program unless the rules may be in legacy iptables.
 * @throws NetlinkError, CniError
 */
export function lostMasquerade(
  attachment: Attachment,
  all: readonly CIDR[],
  config: MasqueradeConfig,
): Lost | undefined {
  const { ipMasqBackend: backend } = config;
  const addresses = masqueraded(all, config);
  if (addresses.length === 0) return undefined;
  if (backend === 'iptables') return lostInIptables(attachment, addresses);
  const sources = addresses.map((cidr) => ({ cidr, policy: policyOf(cidr.ip.family, config) }));
  const lost = withNetfilterIfThere((connection) =>
    connection === undefined
      ? lostAddress(addresses[0], 'nftables', 'none in this kernel')
      : lostInNftables(connection, attachment, sources),
  );
  if (lost === undefined || backend === 'nftables') return lost;
  return lostInIptables(attachment, addresses) === undefined ? undefined : lost;
}

function lostAddress(address: CIDR | undefined, expected: string, found: string): Lost | undefined {
  return address === undefined
    ? undefined
    : { what: `masquerading of ${formatIP(address.ip)}`, expected, found };
}

/** Asks for everything in one exchange. */
function lostInNftables(
  connection: Connection,
  { network, containerID, ifname }: Attachment,
  sources: readonly Source[],
): Lost | undefined {
  const table = ownTable(network);
  const [baseReply, ...replies] = connection.exchange([
    getChain(baseChainOf(table)),
    ...sources.flatMap((source) => [
      getElement(mapOf(table, source.cidr.ip.family), ipBytes(source.cidr.ip)),
      getChain({ table, name: subnetChain(source) }),
    ]),
  ]);
  if (isErrno(baseReply?.error, 'EPERM')) throw baseReply.error;
  const base = chainUseOf(baseReply);
  if (base === undefined || isFlushed(base)) {
    return lostAddress(sources[0]?.cidr, rulesOf(baseChainOf(table), baseRules), describe(base));
  }
  const owner = ownerLabel({ network, containerID, ifname });
  for (const [index, source] of sources.entries()) {
    const { cidr } = source;
    const map = mapOf(table, cidr.ip.family);
    const chain = { table, name: subnetChain(source) };
    const expected = { comment: owner, chain: chain.name };
    const [element] = replies[2 * index]?.messages.flatMap((message) => decodeElements(message)) ?? [];
    if (element?.comment !== expected.comment || element.chain !== expected.chain) {
      return lostAddress(
        cidr,
        `${elementOf(cidr, expected)} in map inet ${table.name} ${map.name}`,
        element === undefined ? 'none' : elementOf(cidr, element),
      );
    }
    const use = chainUseOf(replies[2 * index + 1]);
    // The element counts as a use of the chain too.
    if (use === undefined || use <= rulesIn(source)) {
      return lostAddress(cidr, rulesOf(chain, rulesIn(source)), describe(use));
    }
  }
  return undefined;
}

function rulesOf({ table, name }: Chain, count: number): string {
  return `chain inet ${table.name} ${name} with ${count} rules`;
}

function describe(use: number | undefined): string {
  return use === undefined ? 'none' : 'fewer';
}

/** An element as the nft command prints it. */
function elementOf({ ip }: CIDR, { comment, chain }: Pick<Element, 'comment' | 'chain'>): string {
  return `${formatIP(ip)} comment "${comment}" : goto ${chain}`;
}

function lostInIptables(attachment: Attachment, addresses: readonly CIDR[]): Lost | undefined {
  const chain = containerChain(attachment);
  const legacy = legacyFamilies();
  const lostOf = (of: Family): CIDR | undefined => {
    const own = addresses.filter(({ ip }) => ip.family === of);
    if (own.length === 0) return undefined;
    const lost = withNetfilterIfThere((connection) =>
      connection === undefined ? own[0] : lostIptablesNft(connection, of, own, chain),
    );
    return lost !== undefined && legacy.includes(of) ? lostIptablesLegacy(of, own, chain) : lost;
  };
  const [lost] = bothFamilies.flatMap((of) => lostOf(of) ?? []);
  return lostAddress(lost, `a jump from iptables' POSTROUTING to chain ${chain} with its rules`, 'none');
}
