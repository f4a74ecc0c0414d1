import type { Attachment } from '../../cni/attachment.ts';
import type { Connection, NetlinkRequest } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { type CIDR, family, ipBytes, parseIP } from '../../netlink/ip.ts';
import { chainUseOf, deleteChain, getChain, newChain } from '../../netlink/nftables/chain.ts';
import {
  differs,
  type Expression,
  equals,
  immediate,
  mask,
  payload,
  payloadBase,
  verdictCode,
} from '../../netlink/nftables/expression.ts';
import { carries, transport, transports } from '../../netlink/nftables/frame.ts';
import { newRule } from '../../netlink/nftables/rule.ts';
import { commitFresh } from '../../netlink/nftables/transaction.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { isLacking, notAvailable } from './connection.ts';
import type { Lost } from './lost.ts';
import { findCheck, usesOfChains } from './spoof-check.ts';
import {
  jumpFromPort,
  spoofBaseChain,
  spoofCheckNames,
  spoofTable,
  spoofTableMessages,
} from './spoof-check-rules.ts';

/** ETH_P_*, linux/if_ether.h */
const etherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 } as const;
/** IPPROTO_* */
const ipProtocol = { udp: 17, icmpv6: 58 } as const;
/** RFC 4861, 4.3 and 4.4 */
const icmpv6Type = { neighbourSolicitation: 135, neighbourAdvertisement: 136 } as const;

const bytesOf = (text: string): Uint8Array => {
  const ip = parseIP(text);
  return ip === undefined ? new Uint8Array() : ipBytes(ip);
};
const anyIPv4 = bytesOf('0.0.0.0');
const anyIPv6 = bytesOf('::');
/** fe80::/10 */
const linkLocal = { prefix: bytesOf('fe80::'), mask: bytesOf('ffc0::') } as const;
/** UDP ports 68 to 67. */
const dhcpPorts = Uint8Array.of(0, 68, 0, 67);

const senderOfArp = payload(payloadBase.network, 14, 4);
const sourceOfIPv4 = payload(payloadBase.network, 12, 4);
const sourceOfIPv6 = payload(payloadBase.network, 8, 16);
/** Of a neighbour solicitation or advertisement. */
const target = transport(8, 16);
const drop = immediate(verdictCode.drop);

const icmpv6 = [...carries(etherType.ipv6), ...transports(ipProtocol.icmpv6)];
const isType = (type: number): Expression[] => [transport(0, 1), equals(Uint8Array.of(type))];
const fromNobody = [sourceOfIPv6, equals(anyIPv6)];

/** What the options say of an attachment's check. */
type Options = Pick<BridgeConfig, 'macspoofchk' | 'ipam'>;

/** A port and the addresses that it lets through. */
export interface PortAddresses {
  readonly port: string;
  readonly addresses: readonly CIDR[];
  readonly config: Options;
}

/**
 * The rules of an attachment's chain, each of which drops the frames of one kind whose address is not one of these. ARP
 * probes come from 0.0.0.0, duplicate address detection from ::, and a DHCP client without a lease from 0.0.0.0.
 */
function rulesFor(addresses: readonly CIDR[], { ipam }: Pick<Options, 'ipam'>): Expression[][] {
  const of = (wanted: number): Uint8Array[] =>
    addresses.flatMap(({ ip }) => (ip.family === wanted ? [ipBytes(ip)] : []));
  const notOurs4 = of(family.ipv4).map(differs);
  const notOurs6 = [...of(family.ipv6).map(differs), mask(linkLocal.mask), differs(linkLocal.prefix)];
  const dhcp = [
    ...carries(etherType.ipv4),
    sourceOfIPv4,
    equals(anyIPv4),
    ...transports(ipProtocol.udp),
    transport(0, dhcpPorts.length),
    equals(dhcpPorts),
    immediate(verdictCode.return),
  ];
  return [
    [...carries(etherType.arp), senderOfArp, differs(anyIPv4), ...notOurs4, drop],
    ...(ipam?.type === 'dhcp' ? [dhcp] : []),
    [...carries(etherType.ipv4), sourceOfIPv4, ...notOurs4, drop],
    [...icmpv6, ...isType(icmpv6Type.neighbourAdvertisement), target, ...notOurs6, drop],
    [...icmpv6, ...fromNobody, ...isType(icmpv6Type.neighbourSolicitation), target, ...notOurs6, drop],
    [...icmpv6, ...fromNobody, immediate(verdictCode.return)],
    [...carries(etherType.ipv6), sourceOfIPv6, ...notOurs6, drop],
    // What is behind a second tag can't be seen.
    [...carries(etherType.vlan), drop],
    [...carries(etherType.serviceVlan), drop],
  ];
}

/**
 * Drops frames from a port that have any other source address in IPv4, IPv6 or ARP than these and IPv6's link-local
 * ones, or advertise any other to neighbours. With `macspoofchk` its check is there already.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function addAddressCheck(
  connection: Connection,
  attachment: Attachment,
  { port, addresses, config }: PortAddresses,
): void {
  const names = spoofCheckNames(attachment);
  const chain = { table: spoofTable, name: names.chain };
  const ipChain = { table: spoofTable, name: names.ipChain };
  const comment = names.ipComment;
  const own = [
    newChain(ipChain),
    newRule(chain, [immediate(verdictCode.jump, ipChain.name)], comment),
    ...rulesFor(addresses, config).map((rule) => newRule(ipChain, rule, comment)),
  ];
  let isSelfContained = false;
  const look = (): NetlinkRequest[] => {
    const [base, first, last] = connection
      .exchange([spoofBaseChain, chain, ipChain].map(getChain))
      .map(chainUseOf);
    const isBeside = config.macspoofchk && first !== undefined;
    // An earlier attachment with the same names may have left its chains.
    if (isBeside) return last === undefined ? own : [deleteChain(ipChain), ...own];
    const stale = first === undefined && last === undefined ? [] : findCheck(connection, names).own;
    isSelfContained = base === undefined;
    const table = base === undefined ? spoofTableMessages() : [];
    // By the comment of macspoofchk, by which any plugin finds the jump to remove.
    return [...table, ...stale, newChain(chain), jumpFromPort(port, chain.name, names.comment), ...own];
  };
  commitFresh(connection, look, (error) => {
    if (isLacking(error, isSelfContained)) {
      throw notAvailable('ipspoofchk', error, 'CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE');
    }
    return isErrno(error, 'ENOENT', 'EEXIST', 'EBUSY');
  });
}

/**
 * The missing part of an attachment's address check; undefined if nothing is missing.
 * @throws NetlinkError
 */
export function lostAddressCheck(attachment: Attachment, options: Options): Lost | undefined {
  const { chain: name, ipChain } = spoofCheckNames(attachment);
  const [chain, last] = usesOfChains([name, ipChain]);
  // The uses of each: a jump to it, and its rules, which are in the first the jumps to the others.
  const [least, leastOfLast] = [options.macspoofchk ? 3 : 2, rulesFor([], options).length + 1];
  if (chain !== undefined && last !== undefined && chain >= least && last >= leastOfLast) return undefined;
  return {
    what: `ipspoofchk of container ${attachment.containerID} interface ${attachment.ifname}`,
    expected: `chains bridge nat ${name} and ${ipChain} with their rules`,
    found: chain === undefined && last === undefined ? 'none' : 'only part of them',
  };
}
