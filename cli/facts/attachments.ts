import { attachmentOf } from '../../cni/attachment.ts';
import { abbreviate, ownerLabel } from '../../plugin/attach/owner.ts';
import { type Label, parseLabel } from './label.ts';
import type { FarEnd, HostLink, LeaseFact, MasqueradeElement, Raw } from './raw.ts';

/** What of one attachment was found, by its label. */
export interface Found {
  readonly label: Label;
  /** The network's whole name, where anything but a label has it. */
  network: string;
  containerID: string;
  pod: string;
  veth: HostLink | undefined;
  readonly leases: LeaseFact[];
  readonly elements: MasqueradeElement[];
  /** Addresses that were seen in the container. */
  seen: readonly string[];
}

/** Finds what belongs together: veths, leases and map elements with the same label. */
export class Finds {
  private readonly byOwner = new Map<string, Found>();
  /** By `network container`, for leases in the oldest format, which lack the interface. */
  private readonly byContainer = new Map<string, Found>();
  private readonly networks: ReadonlyMap<string, string>;

  constructor(raw: Raw) {
    const names = [
      ...raw.directories.map(({ network }) => network),
      ...raw.configured.map(({ name }) => name),
    ];
    this.networks = new Map(names.map((name) => [abbreviate(name, 80), name]));
    for (const link of raw.links) this.addVeth(link);
    for (const { network, leases } of raw.directories) {
      for (const lease of leases) if (lease.fault === undefined) this.addLease(network, lease);
    }
    for (const { elements } of raw.netfilter?.tables ?? [])
      for (const element of elements) this.addElement(element);
    const bridges = new Map(raw.configured.map(({ name, config }) => [name, config?.bridge]));
    for (const farEnd of raw.farEnds) this.addFarEnd(farEnd, raw.links, bridges);
  }

  /** All that was found, in the order of veths, then leases, then elements. */
  all(): Iterable<Found> {
    return this.byOwner.values();
  }

  private at(label: Label): Found {
    const known = this.byOwner.get(label.owner);
    if (known !== undefined) return known;
    const network = this.networks.get(label.network) ?? label.network;
    const { containerID, pod } = label;
    const nothing = { veth: undefined, leases: [], elements: [], seen: [] };
    const found: Found = { label, network, containerID, pod, ...nothing };
    this.byOwner.set(label.owner, found);
    const container = `${label.network} ${containerID}`;
    if (!this.byContainer.has(container)) this.byContainer.set(container, found);
    return found;
  }

  private addVeth(link: HostLink): void {
    const label = link.kind === 'veth' ? parseLabel(link.alias) : undefined;
    if (label === undefined) return;
    const found = this.at(label);
    found.veth ??= link;
    found.pod = label.pod;
  }

  private addLease(network: string, lease: LeaseFact): void {
    const { containerID, ifname } = lease;
    const label = parseLabel(ownerLabel(attachmentOf(network, lease)));
    if (label === undefined) return;
    const ofContainer =
      ifname === '' ? this.byContainer.get(`${label.network} ${label.containerID}`) : undefined;
    const found = ofContainer ?? this.at(label);
    found.containerID = containerID;
    found.leases.push(lease);
  }

  /** A veth without a label, as the Go plugin makes them, is that of the lease whose address is behind it. */
  private addFarEnd(
    { veth, addresses }: FarEnd,
    links: readonly HostLink[],
    bridges: ReadonlyMap<string, string | undefined>,
  ): void {
    const link = links.find(({ index }) => index === veth);
    const bridge = links.find(({ index }) => index === link?.master)?.name;
    const texts = new Set(addresses.map((text) => text.replace(/\/.*/, '')));
    for (const found of this.all()) {
      if (found.veth === link) found.seen = addresses;
      if (found.veth !== undefined || (bridges.get(found.network) ?? bridge) !== bridge) continue;
      if (found.leases.some(({ address }) => texts.has(address))) found.veth = link;
    }
  }

  private addElement(element: MasqueradeElement): void {
    const label = parseLabel(element.owner);
    if (label !== undefined) this.at(label).elements.push(element);
  }
}
