import { formatCIDR, formatIP } from '../../netlink/ip.ts';
import type { DefaultRoute } from '../../netlink/route/default-route.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from '../facts/facts.ts';
import type { HostLink, Raw } from '../facts/raw.ts';
import { addressesOf, formatLeases, formatVlans, shortID } from '../facts/summary.ts';
import { printable } from '../output/terminal.ts';
import { type Box, type Bridge, nowhere, type Picture, type Port, type Vlan } from './picture.ts';

/** All that a picture is made of. */
export interface Seen {
  readonly raw: Pick<Raw, 'links' | 'addresses' | 'vlans'>;
  readonly facts: Pick<Facts, 'networks' | 'others'>;
  /** Name of the host. */
  readonly host: string;
  readonly defaultRoutes: readonly DefaultRoute[];
}

/** In place of a bridge's name: of links that are no port of any. */
const none = ' ';

/** Every port is in VLAN 1 until somebody says otherwise. */
const usualVlan = '1';

/** Lists by a key. */
class Lists<K, V> extends Map<K, V[]> {
  add(key: K, value: V): void {
    const list = this.get(key);
    if (list === undefined) this.set(key, [value]);
    else list.push(value);
  }

  of(key: K): readonly V[] {
    return this.get(key) ?? [];
  }
}

class Composition {
  /** Of bridges, by index. */
  private readonly names = new Map<number, string>();
  /** By the index of the link. */
  private readonly addresses = new Lists<number, string>();
  /** By the name of the bridge, empty for one that isn't known, and then by VLANs. */
  private readonly ports = new Map<string, Lists<string, Port>>();
  /** The link with a VLAN's gateway address, by its name. */
  private readonly gateways = new Map<string, HostLink>();
  /** Indexes of links that are drawn, or are part of what is. */
  private readonly drawn: Set<number>;

  constructor(private readonly seen: Seen) {
    const { links, addresses } = seen.raw;
    this.drawn = new Set(seen.defaultRoutes.map(({ index }) => index));
    for (const { index, cidr } of addresses) {
      const text = formatCIDR(cidr);
      if (!text.startsWith('fe80:')) this.addresses.add(index, text);
    }
    for (const { index, name, kind } of links) if (kind === 'bridge') this.names.set(index, name);
    const bridges = new Set(this.names.values());
    for (const link of links) if (bridges.has(link.name.replace(/\.\d+$/, ''))) this.addGateway(link);
    for (const network of seen.facts.networks) {
      for (const attachment of network.attachments) this.addAttachment(attachment, network);
    }
    for (const link of links) if (this.isOtherPort(link)) this.addOther(link);
  }

  /** A VLAN's gateway is a link `<bridge>.<vlan>`; where that is a veth, its other end is a port that says nothing more. */
  private addGateway(link: HostLink): void {
    if (link.kind === 'bridge') return;
    this.gateways.set(link.name, link);
    this.drawn.add(link.index);
    if (link.kind === 'veth' && link.peerNamespaceId === undefined) this.drawn.add(link.peer);
  }

  private add(bridge: string, link: HostLink | undefined, port: Omit<Port, 'link'>): void {
    const index = link?.index ?? 0;
    const vlan = formatVlans(this.seen.raw.vlans.get(index) ?? []);
    const vlans = this.ports.get(bridge) ?? new Lists();
    vlans.add(vlan === usualVlan ? '' : vlan, { ...port, link: link?.name ?? '' });
    this.ports.set(bridge, vlans);
    this.drawn.add(index);
  }

  private addAttachment(attachment: AttachmentFacts, network: NetworkFacts): void {
    const { veth, bridge, containerID, pod, ifname, faults } = attachment;
    const isIPv6 = (address: string): number => Number(address.includes(':'));
    // Without a veth nothing tells that it isn't where its network's are.
    const elsewhere = network.bridgeName === '' ? '' : none;
    this.add(veth === undefined ? network.bridgeName : bridge || elsewhere, veth, {
      title: pod || shortID(containerID) || '?',
      containerID,
      ifname,
      addresses: addressesOf(attachment, network).sort((a, b) => isIPv6(a) - isIPv6(b)),
      faults,
      isOthers: false,
    });
  }

  /** Whether a link is a port of a bridge, or a veth that is nowhere, that isn't drawn yet. */
  private isOtherPort({ index, master, kind }: HostLink): boolean {
    return !this.drawn.has(index) && (this.names.has(master) || (kind === 'veth' && master === 0));
  }

  private addOther(link: HostLink): void {
    const nothing = { containerID: '', ifname: '', addresses: [], faults: [] };
    const title = link.kind || 'device';
    this.add(this.names.get(link.master) ?? none, link, { ...nothing, title, isOthers: true });
  }

  private vlansOf(bridge: string): Vlan[] {
    const ports = this.ports.get(bridge) ?? new Lists<string, Port>();
    const gateways = new Map<string, string>();
    for (const [name, { index }] of this.gateways) {
      const vlan = name.slice(bridge.length + 1);
      if (name === `${bridge}.${vlan}`) gateways.set(vlan, [name, ...this.addresses.of(index)].join(' '));
    }
    const first = (name: string): number => Number.parseInt(`0${name}`, 10);
    return [...new Set([...ports.keys(), ...gateways.keys()])]
      .sort((a, b) => first(a) - first(b) || a.length - b.length)
      .map((name) => ({ name, gateway: gateways.get(name) ?? '', ports: ports.of(name) }));
  }

  private bridge(name: string, link: HostLink | undefined, networks: readonly NetworkFacts[]): Bridge {
    const isAbsent = link === undefined;
    const addresses = this.addresses.of(link?.index ?? 0);
    const vlans = this.vlansOf(name);
    const isRouted = !isAbsent && (addresses.length > 0 || vlans.some(({ gateway }) => gateway !== ''));
    const isMasqueraded = networks.length > 0 && networks.every(({ masquerades }) => masquerades === true);
    const passage = isMasqueraded && !isAbsent ? 'masqueraded' : isRouted ? 'routed' : '';
    const lines = [
      ...(isAbsent && name.trim() !== '' ? ['not there yet'] : addresses),
      ...networks.map((one) => networkLine(one, passage)),
      ...(networks.length === 0 ? ['no CNI network'] : []),
    ];
    return {
      title: name.trim() || nowhere,
      lines,
      faults: networks.flatMap(({ faults }) => faults),
      isOthers: networks.length === 0,
      networks: networks.map((one) => one.name),
      passage,
      vlans,
    };
  }

  bridges(): Bridge[] {
    const { networks, others } = this.seen.facts;
    const ours = new Lists<string, NetworkFacts>();
    for (const network of networks) ours.add(network.bridgeName, network);
    return [
      ...[...ours].map(([name, all]) => this.bridge(name, all[0]?.bridge, all)),
      ...others.bridges.map((link) => this.bridge(link.name, link, [])),
      ...(this.ports.has(none) ? [this.bridge(none, undefined, [])] : []),
    ];
  }

  uplinks(): Box[] {
    const routes = new Lists<number, string>();
    for (const { index, gateway } of this.seen.defaultRoutes) {
      routes.add(index, gateway === undefined ? 'default' : `default via ${formatIP(gateway)}`);
    }
    return [...routes].map(([index, texts]) => {
      const link = this.seen.raw.links.find((one) => one.index === index);
      return {
        title: link?.name ?? `link ${index}`,
        lines: [...new Set([...this.addresses.of(index), ...texts])],
        faults: link?.up === false ? ['down'] : [],
        isOthers: false,
      };
    });
  }
}

/** What a bridge's box says of one of its networks, unless the way to the bridge says it. */
function networkLine(network: NetworkFacts, passage: string): string {
  const { name, masquerades } = network;
  const masqueraded = masquerades === true && passage !== 'masqueraded' ? ', masqueraded' : '';
  const leases = formatLeases(network);
  const counted = leases === '0' ? '' : `, ${leases} leased`;
  return `network ${name}${masqueraded}${counted}`;
}

/** Puts what was seen of a host in a picture. Nothing is asked of the system here. */
export function compose(seen: Seen): Picture {
  const composition = new Composition(seen);
  const picture = { host: seen.host, uplinks: composition.uplinks(), bridges: composition.bridges() };
  // Names are others' choice, wherever they stand.
  const clean = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? printable(value) : value;
  return JSON.parse(JSON.stringify(picture), clean);
}
