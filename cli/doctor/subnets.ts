import { contains, formatCIDR, formatIP, parseCIDR } from '../../netlink/ip.ts';
import { RT_TABLE_MAIN } from '../../netlink/linux/rtnetlink.ts';
import { vlanGatewayName } from '../../plugin/attach/vlan-gateway.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { formatVlans } from '../facts/summary.ts';
import { findOutgrown } from './auto-mtu.ts';
import { gatewayLinkName } from './bridges.ts';
import type { Finding } from './finding.ts';
import { type Patient, patientsOf, type Sight } from './sight.ts';
import { containerWords } from './words.ts';

/** Of the addresses of a range. */
const nearlyAll = 0.9;

/** The links by which this host may reach a network: without `isGateway` a person may have given either an address. */
function waysInto(network: NetworkFacts): string[] {
  const { config, bridgeName } = network;
  if (config === undefined || config.isGateway) return [gatewayLinkName(network)];
  return [bridgeName, vlanGatewayName(config)];
}

/**
 * Routes that take a part of a network's subnet elsewhere, or whose link's neighbours the subnet hides. A wider route
 * through a gateway is no trouble: the subnet's own goes first. Nor is any of a network that this host has no part in.
 */
function findRoutes(network: NetworkFacts, { routes, links }: Sight): Finding[] {
  const ways = waysInto(network);
  const own = new Set(links.filter(({ name }) => ways.includes(name)).map(({ index }) => index));
  return network.subnets.flatMap((text) => {
    const subnet = parseCIDR(text);
    if (subnet === undefined) return [];
    const overlapping = routes.filter(({ dst, table, gateways }) => {
      const to = parseCIDR(dst);
      if (to === undefined || table !== RT_TABLE_MAIN || to.prefix === 0) return false;
      return contains(subnet, to.ip) && to.prefix >= subnet.prefix
        ? true
        : gateways.length === 0 && contains(to, subnet.ip);
    });
    const others = overlapping.filter(({ link }) => !own.has(link));
    const hasPart = network.config?.isGateway === true || others.length < overlapping.length;
    if (others.length === 0 || !hasPart) return [];
    return [
      {
        what: `subnet ${text} of ${network.name} overlaps a route of this host`,
        where: others.map(({ dst, link, gateways }) => {
          const name = links.find(({ index }) => index === link)?.name ?? '?';
          return `${dst}${gateways.map((one) => ` via ${one}`).join('')} dev ${name}`;
        }),
        why: 'where they overlap, only one of both can be reached',
        mend: `choose another subnet in ${network.files[0] ?? 'its configuration'}`,
        cures: [],
      },
    ];
  });
}

/** Whether two networks are on one bridge and in one VLAN: they may well share a subnet. */
function isOneSegment(network: NetworkFacts, other: NetworkFacts): boolean {
  return network.bridgeName === other.bridgeName && network.config?.vlan === other.config?.vlan;
}

/** Subnets that more than one segment has, where this host is the gateway of one. */
function findOverlaps(networks: readonly NetworkFacts[]): Finding[] {
  return networks.flatMap((network, at) =>
    networks.slice(at + 1).flatMap((other) => {
      if (isOneSegment(network, other) || !(network.config?.isGateway || other.config?.isGateway)) return [];
      const pairs = network.subnets.flatMap((text) => other.subnets.map((second) => [text, second] as const));
      const both = pairs.filter(([text, second]) => {
        const [a, b] = [parseCIDR(text), parseCIDR(second)];
        return a !== undefined && b !== undefined && (contains(a, b.ip) || contains(b, a.ip));
      });
      if (both.length === 0) return [];
      return [
        {
          what: `${network.name} and ${other.name} overlap`,
          where: both.map(([text, second]) => `${text} and ${second}`),
          why: 'this host can route an address to one of them only',
          mend: `choose another subnet in ${other.files[0] ?? 'its configuration'}`,
          cures: [],
        },
      ];
    }),
  );
}

function findDuplicates({ patients, links, addresses }: Sight): Finding[] {
  const holders = new Map<string, string[]>();
  const note = (bridge: string, vlans: string, ip: string, who: string): void => {
    const key = `${ip} on ${bridge}${vlans === '' ? '' : ` VLAN ${vlans}`}`;
    holders.set(key, [...(holders.get(key) ?? []), who]);
  };
  const named = new Map(links.map((link) => [link.index, link]));
  for (const { attachment, addresses: own, isDead } of patients) {
    if (isDead || attachment.bridge === '') continue;
    const vlans = formatVlans(attachment.vlans);
    for (const { ip } of own) note(attachment.bridge, vlans, formatIP(ip), containerWords(attachment));
  }
  for (const { index, cidr } of addresses) {
    const { name = '', kind } = named.get(index) ?? {};
    const [, bridge = name, vlan = ''] = (kind === 'bridge' ? null : /^(.+)\.(\d+)$/.exec(name)) ?? [];
    note(bridge, vlan, formatIP(cidr.ip), `this host, ${formatCIDR(cidr)}`);
  }
  return [...holders].flatMap(([what, who]) =>
    who.length < 2
      ? []
      : [
          {
            what: `duplicate address ${what}`,
            where: who,
            why: 'its packets go to whichever answered last',
            mend: 'start all but one of them anew',
            cures: [],
          },
        ],
  );
}

function findMtu(network: NetworkFacts, patients: readonly Patient[], { routes, links }: Sight): Finding[] {
  const defaults = routes.filter(
    ({ dst, table }) => table === RT_TABLE_MAIN && (dst === '0.0.0.0/0' || dst === '::/0'),
  );
  const uplinks = links.filter(({ index }) => defaults.some(({ link }) => link === index));
  const uplink = uplinks.sort((a, b) => a.mtu - b.mtu)[0];
  const above = patients.filter(({ veth }) => uplink !== undefined && veth.mtu > uplink.mtu);
  const [first] = above;
  if (uplink === undefined || first === undefined || network.config?.isGateway !== true) return [];
  if (network.config.autoMtu) return [];
  return [
    {
      what: `MTU ${first.veth.mtu} of ${network.name} is above the uplink's ${uplink.mtu}`,
      where: [
        uplink.name,
        ...above.map(({ attachment, veth }) => `${containerWords(attachment)}, veth ${veth.name}`),
      ],
      why: 'large packets are lost where ICMP is filtered: connections open, then hang',
      mend: `set "mtu": ${uplink.mtu} or "auto" in ${network.files[0] ?? 'its configuration'}, and start the containers anew`,
      cures: [],
    },
  ];
}

function findFull({ name, leased, capacity, files }: NetworkFacts): Finding[] {
  if (capacity === undefined || capacity === 0 || leased < nearlyAll * capacity) return [];
  return [
    {
      what: `${name} is nearly full`,
      where: [`${leased} of ${capacity} addresses are leased`],
      why: 'once all are, no container can be added',
      mend: `widen the range in ${files[0] ?? 'its configuration'}`,
      cures: [],
    },
  ];
}

/** Subnets that collide, addresses that do, ranges that run out, and packets that are too large. */
export function findSubnetFaults(sight: Sight): Finding[] {
  const networks = sight.facts.networks.filter(({ config }) => config !== undefined);
  return [
    ...findDuplicates(sight),
    ...networks.flatMap((network) => findRoutes(network, sight)),
    ...findOverlaps(networks),
    ...networks.flatMap((network) => findMtu(network, patientsOf(sight, network), sight)),
    ...networks.flatMap((network) => findOutgrown(network, sight)),
    ...networks.flatMap(findFull),
  ];
}
