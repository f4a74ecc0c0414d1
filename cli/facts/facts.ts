import type { PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { IptablesSource } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import type { HostLink, LeaseFact, MasqueradeElement, Missing } from './raw.ts';

/** A container's interface on a network: what of it was found, by its owner's label. */
export interface AttachmentFacts {
  readonly network: string;
  /** Whole where a lease has it, else as long as the label does. */
  readonly containerID: string;
  /** Empty where the label is cut short. */
  readonly ifname: string;
  /** `namespace/name`; empty where none is known. */
  readonly pod: string;
  readonly veth: HostLink | undefined;
  /** Name of the bridge that the veth is a port of; empty for none. */
  readonly bridge: string;
  readonly vlans: readonly PortVlans[];
  readonly leases: readonly LeaseFact[];
  readonly elements: readonly MasqueradeElement[];
  /** Those of its addresses that iptables masquerades. */
  readonly sources: readonly IptablesSource[];
  /** Whether the Go plugin masquerades it by nftables. */
  readonly isMasqueradedByGo: boolean;
  /** The chain of its spoof check, in table bridge nat; empty where there is none, or a part of it is missing. */
  readonly spoofCheck: string;
  /** Addresses that were seen in the container, where no lease tells; `10.15.20.2/24`. */
  readonly seen: readonly string[];
  /** What is wrong with it; empty where all is well as far as it can be seen. */
  readonly faults: readonly string[];
}

/** A network: what its configuration says, and what there is of it. */
export interface NetworkFacts {
  readonly name: string;
  /** Files that describe it. */
  readonly files: readonly string[];
  /** Of the first of them that is right. */
  readonly config: BridgeConfig | undefined;
  /** Name of its bridge; empty where nothing tells. */
  readonly bridgeName: string;
  readonly bridge: HostLink | undefined;
  /** Of the bridge, `10.15.20.1/16`. */
  readonly bridgeAddresses: readonly string[];
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  /** Undefined where that can't be seen. */
  readonly masquerades: boolean | undefined;
  /** The nftables table that does it; empty for none. */
  readonly table: string;
  /** Its directories of leases. */
  readonly directories: readonly string[];
  /** How many of the `capacity` are leased; all leases where that isn't known. */
  readonly leased: number;
  /** Leases of other addresses: excluded ones, or outside the ranges. */
  readonly leasedBesides: number;
  /** How many addresses can be leased without a request; undefined where that isn't known. */
  readonly capacity: number | undefined;
  readonly attachments: readonly AttachmentFacts[];
  /** Files in its directories of leases that aren't leases, though they have an address's name. */
  readonly strangeFiles: readonly LeaseFact[];
  /** What is wrong with the network itself. */
  readonly faults: readonly string[];
}

/** What is others': Docker's, libvirt's, a person's. */
export interface Others {
  readonly bridges: readonly HostLink[];
  readonly veths: readonly HostLink[];
}

/** What the host knows, joined. */
export interface Facts {
  readonly networks: readonly NetworkFacts[];
  readonly others: Others;
  /** Configurations that can't be read, with the reason. */
  readonly badFiles: readonly { readonly file: string; readonly fault: string }[];
  readonly missing: readonly Missing[];
}
