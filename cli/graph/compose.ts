import { formatCIDR, formatIP } from '../../netlink/ip.ts';
import type { DefaultRoute } from '../../netlink/route/default-route.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from '../facts/facts.ts';
import type { HostLink, Raw } from '../facts/raw.ts';
import { addressesOf, formatVlans, shortID } from '../facts/summary.ts';
import { grouped } from '../output/page.ts';
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

/** A port and the VLANs that it is in. */
interface Member {
  readonly vlan: string;
  readonly port: Port;
}

/** Of a subnet with more addresses, how many there are tells nothing. */
const most = 0xffff;

/** Every port is in VLAN 1 until somebody says otherwise. */
const usualVlan = '1';

class Composition {
  private readonly names = new Map<number, string>();
  private readonly addresses = new Map<number, string[]>();
  /** By the name of the bridge; empty for none. */
  private readonly members = new Map<string, Member[]>();
  private readonly gateways: { bridge: string; vlan: string; link: HostLink }[] = [];
  /** Indexes of links that are drawn, or are part of what is. */
  private readonly drawn = new Set<number>();

  constructor(private readonly seen: Seen) {
    const { links, addresses } = seen.raw;
    for (const { index, cidr } of addresses) {
      const text = formatCIDR(cidr);
      if (text.startsWith('fe80:')) continue;
      this.addresses.set(index, [...(this.addresses.get(index) ?? []), text]);
    }
    for (const { index, name, kind } of links) if (kind === 'bridge') this.names.set(index, name);
    for (const { index } of seen.defaultRoutes) this.drawn.add(index);
    this.findGateways();
    for (const network of seen.facts.networks) {
      for (const attachment of network.attachments) this.addAttachment(attachment, network);
    }
    for (const link of links) if (this.isOtherPort(link)) this.addOther(link);
  }

  /** A VLAN's gateway is a link `<bridge>.<vlan>`; where that is a veth, its other end is a port that says nothing more. */
  private findGateways(): void {
    const bridges = new Set(this.names.values());
    for (const link of this.seen.raw.links) {
      const [, bridge = '', vlan = ''] = /^(.+)\.(\d+)$/.exec(link.name) ?? [];
      if (!bridges.has(bridge)) continue;
      this.gateways.push({ bridge, vlan, link });
      this.drawn.add(link.index);
      if (link.kind === 'veth' && link.peerNamespaceId === undefined) this.drawn.add(link.peer);
    }
  }

  private add(bridge: string, link: HostLink | undefined, port: Port): void {
    const text = formatVlans(this.seen.raw.vlans.get(link?.index ?? 0) ?? []);
    const member = { vlan: text === usualVlan ? '' : text, port };
    const members = this.members.get(bridge);
    if (members === undefined) this.members.set(bridge, [member]);
    else members.push(member);
    this.drawn.add(link?.index ?? 0);
  }

  private addAttachment(attachment: AttachmentFacts, network: NetworkFacts): void {
    const { veth, bridge, containerID, pod, ifname, faults } = attachment;
    const addresses = addressesOf(attachment, network);
    // Without a veth nothing tells that it isn't where its network's are.
    this.add(veth === undefined ? network.bridgeName : bridge, veth, {
      title: printable(pod || shortID(containerID)) || '?',
      link: printable(veth?.name ?? ''),
      containerID: printable(containerID),
      ifname: printable(ifname),
      addresses: [...addresses].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':'))),
      faults: faults.map(printable),
      isOthers: false,
    });
  }

  /** Whether a link is a port of a bridge, or a veth that is nowhere, that isn't drawn yet. */
  private isOtherPort({ index, master, kind }: HostLink): boolean {
    return !this.drawn.has(index) && (this.names.has(master) || (kind === 'veth' && master === 0));
  }

  private addOther(link: HostLink): void {
    const { name, kind, master } = link;
    this.add(this.names.get(master) ?? '', link, {
      title: kind || 'device',
      link: printable(name),
      containerID: '',
      ifname: '',
      addresses: [],
      faults: [],
      isOthers: true,
    });
  }

  private vlansOf(bridge: string): Vlan[] {
    const ports = new Map<string, Port[]>();
    for (const { vlan, port } of this.members.get(bridge) ?? []) {
      ports.set(vlan, [...(ports.get(vlan) ?? []), port]);
    }
    const gateways = new Map<string, string>();
    for (const { vlan, link, bridge: of } of this.gateways) {
      if (of === bridge)
        gateways.set(vlan, [printable(link.name), ...(this.addresses.get(link.index) ?? [])].join(' '));
    }
    return [...new Set([...ports.keys(), ...gateways.keys()])]
      .sort((a, b) => Number.parseInt(`0${a}`, 10) - Number.parseInt(`0${b}`, 10) || a.length - b.length)
      .map((name) => ({ name, gateway: gateways.get(name) ?? '', ports: ports.get(name) ?? [] }));
  }

  private passageOf(link: HostLink | undefined, networks: readonly NetworkFacts[]): string {
    if (link === undefined) return '';
    if (networks.length > 0 && networks.every(({ masquerades }) => masquerades === true))
      return 'masqueraded';
    const hasGateway = this.gateways.some(({ bridge }) => bridge === link.name);
    return hasGateway || this.addresses.has(link.index) ? 'routed' : '';
  }

  private bridge(name: string, link: HostLink | undefined, networks: readonly NetworkFacts[]): Bridge {
    const addresses = this.addresses.get(link?.index ?? 0) ?? [];
    const absent = name === '' ? [] : ['not there yet'];
    const isUnknown = networks.length === 0 && link !== undefined;
    const passage = this.passageOf(link, networks);
    return {
      title: printable(name) || nowhere,
      lines: [
        ...(link === undefined ? absent : addresses),
        ...networks.map((one) => networkLine(one, passage)),
        ...(isUnknown ? ['no CNI network'] : []),
      ],
      faults: networks.flatMap(({ faults }) => faults.map(printable)),
      isOthers: networks.length === 0,
      passage,
      vlans: this.vlansOf(name),
    };
  }

  bridges(): Bridge[] {
    const { networks, others } = this.seen.facts;
    const ours = new Map<string, NetworkFacts[]>();
    for (const network of networks) {
      ours.set(network.bridgeName, [...(ours.get(network.bridgeName) ?? []), network]);
    }
    const hasLoose = this.members.has('') && !ours.has('');
    return [
      ...[...ours].map(([name, of]) => this.bridge(name, of[0]?.bridge, of)),
      ...others.bridges.map((link) => this.bridge(link.name, link, [])),
      ...(hasLoose ? [this.bridge('', undefined, [])] : []),
    ];
  }

  uplinks(): Box[] {
    const gateways = new Map<number, string[]>();
    for (const { index, gateway } of this.seen.defaultRoutes) {
      const via = gateway === undefined ? 'default' : `default via ${formatIP(gateway)}`;
      gateways.set(index, [...(gateways.get(index) ?? []), via]);
    }
    return [...gateways].map(([index, routes]) => {
      const link = this.seen.raw.links.find((one) => one.index === index);
      return {
        title: printable(link?.name ?? `link ${index}`),
        lines: [...(this.addresses.get(index) ?? []), ...new Set(routes)],
        faults: link?.up === false ? ['down'] : [],
        isOthers: false,
      };
    });
  }
}

/** What a bridge's box says of one of its networks, unless the way to the bridge says it. */
function networkLine({ name, masquerades, leased, capacity }: NetworkFacts, passage: string): string {
  const isCountable = capacity !== undefined && capacity <= most;
  const words = [
    `network ${printable(name)}`,
    ...(masquerades === true && passage !== 'masqueraded' ? ['masqueraded'] : []),
    ...(leased > 0 || isCountable
      ? [`${grouped(leased)}${isCountable ? ` of ${grouped(capacity)}` : ''} leased`]
      : []),
  ];
  return words.join(', ');
}

/** Puts what was seen of a host in a picture. Nothing is asked of the system here. */
export function compose(seen: Seen): Picture {
  const composition = new Composition(seen);
  return {
    host: printable(seen.host),
    uplinks: composition.uplinks(),
    bridges: composition.bridges(),
  };
}
