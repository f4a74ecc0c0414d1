import { CniError, errorCode } from '../../cni/error.ts';
import { atLeast } from '../../cni/version.ts';
import type { Connection } from '../../netlink/connection.ts';
import { family, formatCIDR, formatIP, subnetOf } from '../../netlink/ip.ts';
import { RT_TABLE_MAIN } from '../../netlink/linux/rtnetlink.ts';
import { listAddresses } from '../../netlink/route/address.ts';
import { findLinks, getLink, iff, type Link } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { type LiveRoute, listRoutes } from '../../netlink/route/route.ts';
import { withMetric } from '../attach/default-metric.ts';
import { openSides } from '../attach/sides.ts';
import { differingTree } from '../attach/spanning-tree.ts';
import { checkMtu } from './check-mtu.ts';
import { checkNetfilter } from './check-netfilter.ts';
import { checkPortOptions } from './check-port.ts';
import { checkUplink } from './check-uplink.ts';
import { checkVlans } from './check-vlan.ts';
import { type Comparison, checkMac, mismatch } from './mismatch.ts';
import type { Operation } from './operation.ts';

/**
 * Compares the ADD's result with the kernel's state ("CHECK" in SPEC.md), then calls IPAM's CHECK.
 * @throws CniError code 7 without a prevResult; 999 for the first thing that differs, with both sides
 */
export function check({ request, attachment, config, ipam, begin }: Operation): void {
  const previous = config.prevResult;
  if (previous === undefined) {
    throw new CniError(errorCode.invalidConfig, 'invalid configuration', 'prevResult is missing');
  }
  begin?.('namespaces');
  const sides = openSides(request);
  try {
    begin?.('veth');
    const comparison: Comparison = { request, attachment, config, previous, sides };
    const bridge = checkBridge(comparison);
    const container = checkContainer(comparison);
    const veth = checkHostVeth(comparison, bridge, container);
    checkPortOptions(comparison, { bridge, port: veth, container });
    checkMtu(comparison, veth, container);
    checkVlans(comparison, bridge, veth);
    if (config.uplink !== undefined) checkUplink(comparison, bridge, config.uplink);
    begin?.('netfilter');
    checkNetfilter(comparison, veth);
    begin?.('container');
    checkAddresses(comparison, container);
    checkRoutes(comparison);
  } finally {
    sides.close();
  }
  begin?.('ipam');
  ipam?.check();
}

function checkBridge({ config, previous, sides }: Comparison): Link {
  const { bridge: name, promiscMode } = config;
  const link = getLink(sides.host, name);
  if (link === undefined) throw mismatch(`bridge ${name}`, 'a bridge', 'no link of that name');
  if (link.kind !== 'bridge')
    throw mismatch(`bridge ${name}`, 'a bridge', `a link of kind ${link.kind || 'none'}`);
  const listed = previous.interfaces.find((one) => one.name === name && one.sandbox === undefined);
  // A bridge without a MAC address of its own gets another one when the port that it took it from goes.
  if (listed?.mac !== link.mac && !hasPortMac(sides.host, link)) checkMac(link, listed?.mac);
  // The promiscuity counter includes captures and ports, which come and go; the flag is what was asked for.
  const promiscuous = (link.flags & iff.promisc) !== 0;
  if (promiscuous !== promiscMode) {
    throw mismatch(`promiscuous mode of ${name}`, String(promiscMode), String(promiscuous));
  }
  const tree = differingTree(config, link);
  if (tree !== undefined) throw mismatch(`${tree.name} of ${name}`, tree.expected, tree.found);
  return link;
}

function hasPortMac(host: Connection, { index, mac }: Link): boolean {
  return listLinks(host, { master: index }, (port) => (port.mac === mac ? true : undefined)).length > 0;
}

function checkContainer({ request: { ifname, netns }, previous, sides }: Comparison): Link {
  const expected = previous.interfaces.find(({ name, sandbox }) => name === ifname && sandbox === netns);
  if (expected === undefined) {
    const all = previous.interfaces.map(({ name, sandbox }) => `${name}${sandbox ? ` in ${sandbox}` : ''}`);
    throw mismatch('prevResult', `interface ${ifname} in ${netns}`, all.join(', ') || 'no interface');
  }
  const link = getLink(sides.container, ifname);
  if (link === undefined) throw mismatch(`interface ${ifname} in ${netns}`, 'a veth', 'no link of that name');
  if (link.kind !== 'veth')
    throw mismatch(`interface ${ifname} in ${netns}`, 'a veth', `a link of kind ${link.kind || 'none'}`);
  checkMac(link, expected.mac);
  return link;
}

function checkHostVeth({ request, previous, sides }: Comparison, bridge: Link, container: Link): Link {
  const { host } = sides;
  const listed = previous.interfaces.filter(
    ({ name, sandbox }) => sandbox === undefined && name !== bridge.name,
  );
  for (const { name, mac } of listed) {
    const link = getLink(host, name);
    // Another plugin in the chain may have listed a link of its own.
    if (link?.kind !== 'veth' || !isPair(link, container)) continue;
    if (link.master !== bridge.index) {
      const found = link.master === 0 ? 'no port' : `a port of ${nameOf(host, link.master)}`;
      throw mismatch(`host veth ${name}`, `a port of ${bridge.name}`, found);
    }
    checkMac(link, mac);
    return link;
  }
  const names = listed.map(({ name }) => name).join(' or ') || 'a host veth in prevResult';
  const [peer] = listLinks(host, { kind: 'veth' }, (link) =>
    isPair(link, container) ? link.name : undefined,
  );
  throw mismatch(`peer of ${container.name} in ${request.netns}`, names, peer ?? 'none on the host');
}

/** Whether each is the other's peer. An index is valid in one namespace only, so both have to agree. */
function isPair(host: Pick<Link, 'index' | 'peer'>, container: Link): boolean {
  return host.peer === container.index && container.peer === host.index;
}

function nameOf(host: Connection, index: number): string {
  return findLinks(host, [index])[0]?.name ?? `link ${index}`;
}

function checkAddresses({ previous, sides }: Comparison, link: Link): void {
  for (const { address } of previous.ips) {
    const live = listAddresses(sides.container, link, address.ip.family);
    const found = live.map((one) => `${formatCIDR(one.cidr)}${one.dadFailed ? ', a duplicate' : ''}`);
    if (!found.includes(formatCIDR(address))) {
      throw mismatch(`addresses of ${link.name}`, formatCIDR(address), found.join('; ') || 'none');
    }
  }
}

function checkRoutes({ config, previous, sides }: Comparison): void {
  // Before 1.1.0 a result need not tell a route's priority.
  const isTold = config.metric === undefined || atLeast(config.cniVersion, '1.1.0');
  const routes = isTold ? previous.routes : withMetric(previous.routes, config.metric);
  if (routes.length === 0) return;
  const live = [family.ipv4, family.ipv6].flatMap((of) => listRoutes(sides.container, of));
  for (const route of routes) {
    const dst = formatCIDR(subnetOf(route.dst));
    const gateway = route.gw === undefined ? undefined : formatIP(route.gw);
    const toDst = live.filter((one) => one.dst === dst);
    const same = toDst.filter(({ gateways }) => gateway === undefined || gateways.includes(gateway));
    const settings = { ...route, table: route.table || RT_TABLE_MAIN };
    if (same.some((one) => hasSettings(one, settings))) continue;
    const expected = describeRoute(dst, gateway === undefined ? [] : [gateway], settings);
    const found = toDst.map((one) => describeRoute(dst, one.gateways, one));
    throw mismatch('routes of the container', expected, found.join('; ') || `no route to ${dst}`);
  }
}

/** What distinguishes routes beyond destination and gateway; 0 and absent leave it to the kernel. */
const routeSettings = ['table', 'priority', 'mtu', 'advmss'] as const;
type RouteSettings = Partial<Pick<LiveRoute, (typeof routeSettings)[number]>>;

function hasSettings(live: LiveRoute, expected: RouteSettings): boolean {
  return routeSettings.every((name) => !expected[name] || expected[name] === live[name]);
}

function describeRoute(dst: string, gateways: readonly string[], settings: RouteSettings): string {
  const via = gateways.map((gateway) => ` via ${gateway}`);
  const told = routeSettings.filter(
    (name) => settings[name] && !(name === 'table' && settings.table === RT_TABLE_MAIN),
  );
  const more = told.map((name) => ` ${name} ${settings[name]}`);
  return [dst, ...via, ...more].join('');
}
