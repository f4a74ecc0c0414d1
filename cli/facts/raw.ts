import type { HostAddress } from '../../netlink/route/address-list.ts';
import type { PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { IptablesSource } from '../../plugin/netfilter/masquerade/iptables-sources.ts';

/** A link of the host. */
export interface HostLink {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth`; empty for a device. */
  readonly kind: string;
  /** `aa:bb:cc:dd:ee:ff`; empty where it has none. */
  readonly mac: string;
  /** In bytes. */
  readonly mtu: number;
  /** Whether it was set up. */
  readonly up: boolean;
  /** Whether it can pass packets: of a veth, both ends are up. */
  readonly operational: boolean;
  /** Index of the bridge or bond that it is a port of; 0 for none. */
  readonly master: number;
  readonly alias: string;
  /** For a veth, the peer's index in the peer's namespace. */
  readonly peer: number;
  /** For a veth, the id of the peer's namespace; undefined where both ends are the host's. */
  readonly peerNamespaceId: number | undefined;
}

/** An element of a network's masquerading. */
export interface MasqueradeElement {
  /** The address: `10.15.20.2`. */
  readonly address: string;
  readonly chain: string;
  /** Whose it is: `cni <network> <container ID> <interface>`. */
  readonly owner: string;
}

/** An nftables table `cni-bridge-<network>`. */
export interface MasqueradeTable {
  readonly name: string;
  readonly elements: readonly MasqueradeElement[];
}

/** What netfilter does for containers. */
export interface Netfilter {
  readonly tables: readonly MasqueradeTable[];
  /** What iptables masquerades. */
  readonly sources: readonly IptablesSource[];
  /** Whom the Go plugin masquerades by nftables: what its `goPrefix` makes of an attachment. */
  readonly goPrefixes: ReadonlySet<string>;
  /** The chains of the spoof checks that are whole. */
  readonly spoofChecks: ReadonlySet<string>;
}

/** A file in a network's directory of leases that has the name of an address. */
export interface LeaseFact {
  readonly address: string;
  /** Path of the file. */
  readonly file: string;
  /** Empty where the file isn't a lease or can't be read. */
  readonly containerID: string;
  /** Empty where the file has none, too. */
  readonly ifname: string;
  /** When the file was last changed, in milliseconds since 1970. */
  readonly time: number;
  /** Why it tells nothing; undefined for a lease. */
  readonly fault: string | undefined;
}

/** A network's directory of leases. */
export interface LeaseDirectory {
  readonly network: string;
  readonly path: string;
  readonly leases: readonly LeaseFact[];
}

/** A network of a configuration in the directory of configurations. */
export interface ConfiguredNetwork {
  readonly file: string;
  readonly name: string;
  /** Undefined where it isn't right, of which `fault` has the reason. */
  readonly config: BridgeConfig | undefined;
  readonly fault: string | undefined;
}

/** The far end of a veth, in a container. */
export interface FarEnd {
  /** Index of the host's end. */
  readonly veth: number;
  /** `10.15.20.2/24`, those of the link itself (fe80::/10) left out. */
  readonly addresses: readonly string[];
}

/** What could not be found out, and why. */
export interface Missing {
  readonly what: string;
  readonly why: string;
}

/** All that was read, nothing joined. */
export interface Raw {
  readonly links: readonly HostLink[];
  readonly addresses: readonly HostAddress[];
  /** Of each port of a bridge that filters VLANs, by its index. */
  readonly vlans: ReadonlyMap<number, readonly PortVlans[]>;
  /** Undefined where it can't be seen. */
  readonly netfilter: Netfilter | undefined;
  readonly directories: readonly LeaseDirectory[];
  readonly configured: readonly ConfiguredNetwork[];
  /** Of the veths of which nothing else tells whose they are, or which addresses are behind them. */
  readonly farEnds: readonly FarEnd[];
  readonly missing: readonly Missing[];
}
