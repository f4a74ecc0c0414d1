import { encodeText } from '../../netlink/bytes.ts';
import {
  type CIDR,
  contains,
  type Family,
  family,
  formatIP,
  ipBytes,
  parseCIDR,
  subnetOf,
} from '../../netlink/ip.ts';
import { RT_TABLE_MAIN } from '../../netlink/linux/rtnetlink.ts';
import { nfproto } from '../../netlink/nftables/message.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { gatewayLinkName } from './bridges.ts';
import type { Finding } from './finding.ts';
import { type Barrier, type Patient, patientsOf, type Sight } from './sight.ts';

/** Of each family: its name, and the sysctls that matter. */
const families = {
  [family.ipv4]: {
    name: 'IPv4',
    forwarding: 'net/ipv4/ip_forward',
    proto: nfproto.ipv4,
    bridged: 'iptables',
  },
  [family.ipv6]: {
    name: 'IPv6',
    forwarding: 'net/ipv6/conf/all/forwarding',
    proto: nfproto.ipv6,
    bridged: 'ip6tables',
  },
} as const;

/** The sysctls that the doctor looks at. */
export function sysctlsOf(networks: readonly NetworkFacts[]): string[] {
  return [
    families[family.ipv4].forwarding,
    families[family.ipv6].forwarding,
    'net/ipv4/conf/all/rp_filter',
    'net/ipv6/conf/all/disable_ipv6',
    'net/bridge/bridge-nf-call-iptables',
    'net/bridge/bridge-nf-call-ip6tables',
    ...networks
      .map(gatewayLinkName)
      .flatMap((link) => [
        `net/ipv4/conf/${link}/rp_filter`,
        `net/ipv4/conf/${link}/forwarding`,
        `net/ipv6/conf/${link}/forwarding`,
        `net/ipv6/conf/${link}/disable_ipv6`,
      ]),
  ];
}

/** A network whose containers go out through this host, and those of them that run. */
interface Routed {
  readonly network: NetworkFacts;
  readonly patients: readonly Patient[];
  readonly link: string;
  readonly families: readonly Family[];
}

function routedNetworks(sight: Sight): Routed[] {
  return sight.facts.networks.flatMap((network) => {
    const patients = patientsOf(sight, network).filter(({ isDead }) => !isDead);
    if (network.config?.isGateway !== true || patients.length === 0) return [];
    const used = new Set(patients.flatMap(({ addresses }) => addresses.map(({ ip }) => ip.family)));
    return [{ network, patients, link: gatewayLinkName(network), families: [...used] }];
  });
}

/** `sysctl -w net.ipv4.ip_forward=1` */
function setting(name: string, value: string): string {
  return `sysctl -w ${name.replaceAll('/', '.')}=${value}`;
}

function findForwarding({ network, link, families: used }: Routed, { sysctls }: Sight): Finding[] {
  return used.flatMap((of) => {
    const { name, forwarding } = families[of];
    const ofLink = `net/ipv${name.slice(-1)}/conf/${link}/forwarding`;
    // For IPv6 the setting of all has the last word.
    const off = [forwarding, ...(of === family.ipv4 ? [ofLink] : [])].find((one) => sysctls.get(one) === '0');
    if (off === undefined) return [];
    const why = `this host passes on nothing of the ${name} of its containers`;
    return [
      {
        what: `${name} forwarding is off`,
        where: [network.name, off],
        why,
        mend: setting(off, '1'),
        cures: [],
      },
    ];
  });
}

function characters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** How rules may speak of a subnet: the nft command compares whole bytes where the prefix allows. */
function wordsOf({ ip, prefix }: CIDR): string[] {
  const address = ipBytes(subnetOf({ ip, prefix }).ip);
  const short = characters(address.subarray(0, Math.ceil(prefix / 8)));
  // NFTA_DATA_VALUE: length, type, the bytes.
  const data = (text: string): string => `${String.fromCharCode(4 + text.length)}\0\u0001\0${text}`;
  return [characters(address), data(short), `${formatIP(subnetOf({ ip, prefix }).ip)}/${prefix}`];
}

/** Whether a rule speaks of the network: by its bridge, its subnets, or in the CNI firewall plugin's chain. */
function speaksOf({ contents }: Barrier, { network, link }: Routed): boolean {
  const subnets = network.subnets.flatMap((text) => parseCIDR(text) ?? []);
  const names = [network.bridgeName, link].map((name) => characters(encodeText(name)));
  return [...names, 'CNI-FORWARD', ...subnets.flatMap(wordsOf)].some((word) => contents.includes(word));
}

function acceptCommand({ by, where, family: proto }: Barrier, link: string): string {
  if (/firewalld/.test(where))
    return `firewall-cmd --permanent --zone=trusted --add-interface=${link} && firewall-cmd --reload`;
  const isIptables = by === 'iptables' || /table ip6? filter chain FORWARD$/.test(where);
  if (isIptables) {
    const program = proto === nfproto.ipv6 ? 'ip6tables' : 'iptables';
    return `${program} -I FORWARD -i ${link} -j ACCEPT && ${program} -I FORWARD -o ${link} -j ACCEPT`;
  }
  const chain = where.replace(/^table /, '').replace(' chain ', ' ');
  return `nft insert rule ${chain} iifname ${link} accept && nft insert rule ${chain} oifname ${link} accept`;
}

function findBarriers(routed: Routed, { barriers, sysctls, lostForward }: Sight): Finding[] {
  const { network, link } = routed;
  // Its own rules are missing, which is told of them.
  if (lostForward.some(({ config }) => config.name === network.name)) return [];
  return barriers.flatMap((barrier) => {
    const stops = (of: Family): boolean =>
      [nfproto.inet, families[of].proto].some((one) => one === barrier.family);
    const stopped = routed.families.filter(stops);
    if (stopped.length === 0 || speaksOf(barrier, routed)) return [];
    const mend = acceptCommand(barrier, link);
    const finding: Finding = {
      what: `a firewall drops what ${network.name} forwards`,
      where: [`${barrier.where}${barrier.by === 'iptables' ? ' (legacy iptables)' : ''}`],
      why: `no rule beside it speaks of ${link} or its subnet: nothing gets out`,
      mend,
      cures: [],
    };
    const bridged = stopped.map((of) => `net/bridge/bridge-nf-call-${families[of].bridged}`);
    const on = bridged.filter((name) => sysctls.get(name) === '1');
    const first = on[0];
    if (first === undefined) return [finding];
    const both: Finding = {
      what: `${first.slice('net/bridge/'.length)} is on`,
      where: on,
      why: `the same chain drops what the containers of ${network.name} send each other`,
      mend: `${setting(first, '0')}, unless kube-proxy needs it; or ${mend}`,
      cures: [],
    };
    return [finding, both];
  });
}

/** The route that packets to an address take. */
function routeTo({ routes }: Sight, { ip }: CIDR): number | undefined {
  const fits = routes.flatMap((route) => {
    const dst = parseCIDR(route.dst);
    return route.table === RT_TABLE_MAIN && dst !== undefined && contains(dst, ip)
      ? [{ prefix: dst.prefix, route }]
      : [];
  });
  return fits.sort((a, b) => b.prefix - a.prefix || a.route.priority - b.route.priority)[0]?.route.link;
}

function findReversePath({ network, patients, link }: Routed, sight: Sight): Finding[] {
  const names = ['all', link].map((one) => `net/ipv4/conf/${one}/rp_filter`);
  const values = names.map((name) => Number(sight.sysctls.get(name) ?? 0));
  // The higher of the two counts.
  if (Math.max(...values) !== 1) return [];
  const index = sight.links.find(({ name }) => name === link)?.index;
  const own = patients.flatMap(({ addresses }) => addresses).filter(({ ip }) => ip.family === family.ipv4);
  const astray = own.filter((address) => routeTo(sight, address) !== index);
  if (astray.length === 0) return [];
  return [
    {
      what: `rp_filter drops what ${network.name} sends`,
      where: astray.map(({ ip }) => `${formatIP(ip)} is not routed to ${link}`),
      why: 'strict reverse path filtering lets in only what would be answered the same way',
      mend: setting(names[1] ?? '', '2'),
      cures: [],
    },
  ];
}

function findDisabledIPv6({ network, link, families: used }: Routed, { sysctls }: Sight): Finding[] {
  if (!used.includes(family.ipv6)) return [];
  const off = ['all', link]
    .map((one) => `net/ipv6/conf/${one}/disable_ipv6`)
    .find((name) => sysctls.get(name) === '1');
  if (off === undefined) return [];
  const why = 'the gateway can have no IPv6 address';
  return [{ what: 'IPv6 is disabled', where: [network.name, off], why, mend: setting(off, '0'), cures: [] }];
}

/** What keeps this host from passing on what containers send. */
export function findForwardingFaults(sight: Sight): Finding[] {
  return routedNetworks(sight).flatMap((routed) => [
    ...findForwarding(routed, sight),
    ...findBarriers(routed, sight),
    ...findReversePath(routed, sight),
    ...findDisabledIPv6(routed, sight),
  ]);
}
