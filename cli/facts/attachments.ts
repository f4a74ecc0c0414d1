import { abbreviate, ownerLabel } from '../../plugin/attach/owner.ts';
import { type Label, parseLabel } from './label.ts';
import type { HostLink, LeaseFact, MasqueradeElement, Raw } from './raw.ts';

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
    for (const { elements } of raw.tables ?? []) for (const element of elements) this.addElement(element);
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
    const found: Found = { label, network, containerID, pod, veth: undefined, leases: [], elements: [] };
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
    const label = parseLabel(ownerLabel({ network, containerID, ifname }));
    if (label === undefined) return;
    const ofContainer =
      ifname === '' ? this.byContainer.get(`${label.network} ${label.containerID}`) : undefined;
    const found = ofContainer ?? this.at(label);
    found.containerID = containerID;
    found.leases.push(lease);
  }

  private addElement(element: MasqueradeElement): void {
    const label = parseLabel(element.owner);
    if (label !== undefined) this.at(label).elements.push(element);
  }
}
