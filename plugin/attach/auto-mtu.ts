import type { Connection } from '../../netlink/connection.ts';
import { type CIDR, contains, family, parseCIDR } from '../../netlink/ip.ts';
import { iff } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { listRouteExits, type RouteExit } from '../../netlink/route/route-exits.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';

/** The kinds of links that pack packets into others (IFLA_INFO_KIND), and so have less room than what carries them. */
const tunnelKinds = [
  'vxlan',
  'geneve',
  'wireguard',
  'ipip',
  'sit',
  'gre',
  'gretap',
  'ip6tnl',
  'ip6gre',
  'ip6gretap',
  'vti',
  'vti6',
  'xfrm',
  'tun',
];

/** The largest MTU of a veth. */
const most = 65535;

/** The kernel gives every link that is up a route to link-local addresses, and one to multicast. */
const everyLinks = ['fe80::/10', 'ff00::/8'].flatMap((text) => parseCIDR(text) ?? []);

function isOfEveryLink(dst: CIDR | undefined): boolean {
  return dst !== undefined && everyLinks.some((one) => contains(one, dst.ip));
}

/** What is looked at of a link. */
interface Hop {
  readonly index: number;
  readonly mtu: number;
  readonly isTunnel: boolean;
  /** Whether it is a port of the network's bridge. */
  readonly isPort: boolean;
}

/** The links that routes lead out of, and the bridge's ports that lead to no container; not the bridge itself. */
function listHops(host: Connection, exits: readonly RouteExit[], bridge: string): Hop[] {
  const indexes = new Set(exits.map(({ index }) => index));
  const links = listLinks(host, {}, ({ index, name, kind, mtu, flags, master }) => {
    const isUp = (flags & iff.up) !== 0;
    const own = name === bridge ? index : 0;
    return own !== 0 || (isUp && (indexes.has(index) || (master !== 0 && kind !== 'veth')))
      ? { index, mtu, master, own, isTunnel: tunnelKinds.includes(kind) }
      : undefined;
  });
  const bridgeIndex = links.find(({ own }) => own !== 0)?.own;
  return links
    .filter(({ own }) => own === 0)
    .map(({ index, mtu, master, isTunnel }) => ({ index, mtu, isTunnel, isPort: master === bridgeIndex }));
}

/**
 * The MTU of `"mtu": "auto"`: the smallest of the links that the host's default routes lead out of, of the tunnels that
 * are up and have a route, and of the bridge's ports that are no veths. A route's own MTU counts like its link's.
 * @returns undefined if there is none of these
 * @throws NetlinkError
 */
export function smallestMtu(host: Connection, { bridge }: Pick<BridgeConfig, 'bridge'>): number | undefined {
  const exits = [family.ipv4, family.ipv6].flatMap((of) => listRouteExits(host, of));
  const hops = new Map(listHops(host, exits, bridge).map((hop) => [hop.index, hop]));
  const found = [...hops.values()].flatMap(({ isPort, mtu }) => (isPort ? [mtu] : []));
  for (const { index, dst, isMain, mtu } of exits) {
    const hop = hops.get(index);
    const isUplink = dst === undefined && isMain;
    if (isOfEveryLink(dst) || !(isUplink || hop?.isTunnel === true)) continue;
    if (hop !== undefined) found.push(hop.mtu);
    if (mtu > 0) found.push(mtu);
  }
  return found.length === 0 ? undefined : Math.min(most, ...found);
}

/**
 * The configuration with its MTU: with `"mtu": "auto"` the one that is right now.
 * @throws NetlinkError
 */
export function withMtu<T extends Pick<BridgeConfig, 'autoMtu' | 'bridge' | 'mtu' | 'uplink'>>(
  host: Connection,
  config: T,
  warn: (line: string) => void,
): T {
  if (!config.autoMtu) return config;
  const mtu = smallestMtu(host, config);
  // An uplink that is to become a port has the last word.
  if (mtu === undefined && config.uplink === undefined)
    warn('mtu: auto: the host has no default route yet, so the kernel chooses');
  return { ...config, mtu };
}
