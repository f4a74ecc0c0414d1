import { isCounted, rangeSetSize } from '../../ipam/host-local/allocate.ts';
import { type RangeSet, readRangeSets } from '../../ipam/host-local/ranges.ts';
import { formatCIDR, formatIP, parseIP, subnetOf } from '../../netlink/ip.ts';
import { isMarked } from '../../plugin/attach/uplink-mark.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import { containerChain, goPrefix } from '../../plugin/netfilter/masquerade/go-names.ts';
import type { IptablesSource } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import { ownTable } from '../../plugin/netfilter/masquerade/own-table.ts';
import { spoofCheckNames } from '../../plugin/netfilter/spoof-check-rules.ts';
import { Finds, type Found } from './attachments.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from './facts.ts';
import { attachmentFaults, networkFaults, type Surroundings } from './faults.ts';
import { parseLabel } from './label.ts';
import type { HostLink, Netfilter, Raw } from './raw.ts';

/** What is looked up again and again. */
class Lookup {
  readonly byIndex: ReadonlyMap<number, HostLink>;
  readonly byName: ReadonlyMap<string, HostLink>;
  /** Indexes of the bridges with a veth that bears no label and that nobody could look behind. */
  readonly unlabelled: ReadonlySet<number>;
  readonly seesLeases: boolean;
  /** Netfilter, nothing where it can't be seen. */
  readonly netfilter: Netfilter;
  private readonly sourcesAt = new Map<string, IptablesSource[]>();

  constructor(readonly raw: Raw) {
    this.byIndex = new Map(raw.links.map((link) => [link.index, link]));
    this.byName = new Map(raw.links.map((link) => [link.name, link]));
    const looked = new Set(raw.farEnds.map(({ veth }) => veth));
    const foreign = raw.links.filter((link) => isForeignVeth(link) && !looked.has(link.index));
    this.unlabelled = new Set(foreign.map(({ master }) => master));
    this.seesLeases = raw.directories.every(({ leases }) => leases.every(({ fault }) => fault !== 'EACCES'));
    this.netfilter = raw.netfilter ?? {
      tables: [],
      sources: [],
      goPrefixes: new Set(),
      spoofChecks: new Set(),
    };
    for (const source of this.netfilter.sources)
      this.sourcesAt.set(source.address, [...(this.sourcesAt.get(source.address) ?? []), source]);
  }

  /** What iptables masquerades of a container. */
  sourcesOf({ network, containerID, leases, seen }: Found): IptablesSource[] {
    const texts = [...leases.map(({ address }) => address), ...seen.map((text) => text.replace(/\/.*/, ''))];
    const found = texts.flatMap((address) => this.sourcesAt.get(address) ?? []);
    if (found.length === 0) return [];
    const own = containerChain({ network, containerID });
    return found.filter(({ chain }) => chain === own);
  }

  isMasqueradedByGo({ network, containerID, label: { ifname } }: Found): boolean {
    const { goPrefixes } = this.netfilter;
    return goPrefixes.size > 0 && goPrefixes.has(goPrefix({ network, containerID, ifname }));
  }
}

function isForeignVeth({ kind, alias }: HostLink): boolean {
  return kind === 'veth' && parseLabel(alias) === undefined;
}

function rangeSets(config: BridgeConfig | undefined): RangeSet[] {
  const { ipam } = config ?? {};
  if (ipam?.type !== 'host-local') return [];
  try {
    return readRangeSets({ config: ipam.hostLocal, ipRanges: [], warn: () => undefined });
  } catch {
    // Not enough, or not right: the configuration's fault is told elsewhere.
    return [];
  }
}

/** The bridge that the configuration names, or that most of the network's veths are ports of. */
function bridgeNameOf(config: BridgeConfig | undefined, found: readonly Found[], lookup: Lookup): string {
  if (config !== undefined) return config.bridge;
  const counts = new Map<string, number>();
  for (const { veth } of found) {
    const name = lookup.byIndex.get(veth?.master ?? 0)?.name;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? '';
}

function attachmentOf(found: Found, lookup: Lookup): AttachmentFacts {
  const { network, containerID, pod, veth, leases, elements, seen, label } = found;
  const { chain } = spoofCheckNames({ containerID, ifname: label.ifname });
  return {
    network,
    containerID,
    ifname: label.ifname,
    pod,
    veth,
    bridge: lookup.byIndex.get(veth?.master ?? 0)?.name ?? '',
    vlans: lookup.raw.vlans.get(veth?.index ?? 0) ?? [],
    leases,
    elements,
    sources: lookup.sourcesOf(found),
    isMasqueradedByGo: lookup.isMasqueradedByGo(found),
    spoofCheck: lookup.netfilter.spoofChecks.has(chain) ? chain : '',
    seen,
    faults: [],
  };
}

function addressing(
  sets: readonly RangeSet[],
  bridgeAddresses: readonly string[],
  lookup: Lookup,
  bridge: HostLink | undefined,
) {
  const ranges = sets.flat();
  const own = lookup.raw.addresses.filter(({ index }) => index === bridge?.index);
  const isLinkLocal = (text: string): boolean => text.startsWith('fe80:');
  const subnets =
    ranges.length > 0
      ? ranges.map(({ subnet }) => formatCIDR(subnet))
      : own.map(({ cidr }) => formatCIDR(subnetOf(cidr))).filter((text) => !isLinkLocal(text));
  const gateways =
    ranges.length > 0
      ? ranges.map(({ gateway }) => formatIP(gateway))
      : bridgeAddresses.filter((text) => !isLinkLocal(text)).map((text) => text.replace(/\/.*/, ''));
  const capacity =
    sets.length > 0 ? Number(sets.reduce((sum, set) => sum + rangeSetSize(set), 0n)) : undefined;
  return { subnets: [...new Set(subnets)], gateways: [...new Set(gateways)], capacity };
}

/** Whether a lease is one of the addresses that `capacity` counts. */
function isOfCapacity(sets: readonly RangeSet[], address: string): boolean {
  const ip = parseIP(address);
  return sets.length === 0 || (ip !== undefined && sets.some((set) => isCounted(set, ip)));
}

function networkOf(name: string, found: readonly Found[], lookup: Lookup): NetworkFacts {
  const { raw } = lookup;
  const described = raw.configured.filter((one) => one.name === name);
  const config = described.find((one) => one.config !== undefined)?.config;
  const bridgeName = bridgeNameOf(config, found, lookup);
  const bridge = lookup.byName.get(bridgeName);
  const bridgeAddresses = raw.addresses
    .filter(({ index }) => index === bridge?.index)
    .map(({ cidr }) => formatCIDR(cidr));
  const tableName = ownTable(name).name;
  const table = raw.netfilter?.tables.find((one) => one.name === tableName)?.name ?? '';
  const own = found.map((one) => attachmentOf(one, lookup));
  const isMasqueraded =
    table !== '' || own.some(({ sources, isMasqueradedByGo: byGo }) => sources.length > 0 || byGo);
  // A configuration that can't be used may well want what isn't there.
  const seen =
    raw.netfilter === undefined || (described.length > 0 && !isMasqueraded) ? undefined : isMasqueraded;
  const directories = raw.directories.filter(({ network }) => network === name);
  const files = directories.flatMap(({ leases }) => leases);
  const isLease = (fault: string | undefined): boolean => fault === undefined || fault === 'EACCES';
  const leases = files.filter(({ fault }) => isLease(fault));
  const sets = rangeSets(config);
  const leased = leases.filter(({ address }) => isOfCapacity(sets, address)).length;
  const network = {
    name,
    files: [...new Set(described.map(({ file }) => file))],
    config,
    bridgeName,
    bridge,
    bridgeAddresses,
    ...addressing(sets, bridgeAddresses, lookup, bridge),
    masquerades: config?.ipMasq ?? seen,
    table,
    directories: directories.map(({ path }) => path),
    leased,
    leasedBesides: leases.length - leased,
    strangeFiles: files.filter(({ fault }) => !isLease(fault)),
  };
  const surroundings: Surroundings = {
    network,
    seesLeases: lookup.seesLeases,
    seesNetfilter: raw.netfilter !== undefined,
    hasUnlabelled: lookup.unlabelled.has(bridge?.index ?? 0),
  };
  const attachments = own.map((one) => ({ ...one, faults: attachmentFaults(one, surroundings) }));
  return { ...network, attachments, faults: networkFaults({ ...network, attachments }) };
}

/** Puts together what belongs together. Nothing is asked of the system here. */
export function join(raw: Raw): Facts {
  const lookup = new Lookup(raw);
  const byNetwork = new Map<string, Found[]>();
  const named = raw.configured.filter(({ name }) => name !== '').map(({ name }) => name);
  for (const name of [...named, ...raw.directories.map(({ network }) => network)]) byNetwork.set(name, []);
  for (const found of new Finds(raw).all()) {
    const list = byNetwork.get(found.network);
    if (list === undefined) byNetwork.set(found.network, [found]);
    else list.push(found);
  }
  const networks = [...byNetwork]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, found]) => networkOf(name, found, lookup));
  const ours = new Set(networks.map(({ bridge }) => bridge?.index));
  const known = new Set(networks.flatMap(({ attachments }) => attachments.map(({ veth }) => veth?.index)));
  return {
    networks,
    others: {
      bridges: raw.links.filter(({ kind, index }) => kind === 'bridge' && !ours.has(index)),
      veths: raw.links.filter((link) => isForeignVeth(link) && !isMarked(link) && !known.has(link.index)),
    },
    badFiles: raw.configured.flatMap(({ file, fault }) => (fault === undefined ? [] : [{ file, fault }])),
    missing: raw.missing,
  };
}
