import type { CIDR } from '../../netlink/ip.ts';
import type { HostAddress } from '../../netlink/route/address-list.ts';
import type { PortVlans } from '../../netlink/route/bridge-vlan.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { LiveRoute } from '../../netlink/route/route.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { IptablesSource } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from '../facts/facts.ts';
import type { HostLink, Missing } from '../facts/raw.ts';

/** A chain that drops what is forwarded, unless one of its rules accepts it. */
export interface Barrier {
  /** `iptables` for the legacy ones. */
  readonly by: 'nftables' | 'iptables';
  /** `table ip filter chain FORWARD` */
  readonly where: string;
  /** All that is in its table, to look for names and addresses in. */
  readonly contents: string;
  /** NFPROTO_*: which packets come to it; `inet` for both. */
  readonly family: number;
}

/** What was seen of an attachment that has a host veth. */
export interface Patient {
  readonly network: NetworkFacts;
  readonly attachment: AttachmentFacts;
  readonly veth: HostLink;
  /** Path of its namespace; undefined where none was found. */
  readonly namespace: string | undefined;
  /** Whether its namespace is certain to have no process and no name. */
  readonly isDead: boolean;
  /** Those of its interface, or those leased where its namespace can't be looked into. */
  readonly addresses: readonly CIDR[];
  /** What CHECK misses of its masquerading, in words; undefined where nothing is. */
  readonly lostMasquerade: string | undefined;
  readonly hasLostSpoofCheck: boolean;
  /** What CHECK misses of its isolation, in words; undefined where nothing is. */
  readonly lostIsolation: string | undefined;
  /** What CHECK misses of its port's settings, in words. */
  readonly lostSettings: readonly string[];
  /** Those that are masqueraded: what was leased, without link-local ones. */
  readonly leased: readonly CIDR[];
}

/** A network with `forward`, what it forwards being dropped. */
export interface LostForward {
  readonly config: BridgeConfig;
  /** Those of its running containers. */
  readonly addresses: readonly CIDR[];
  /** What is missing, in words. */
  readonly expected: string;
}

/** A container that is gone, and that iptables still masquerades by a chain of its own. */
export interface Orphan {
  readonly network: NetworkFacts;
  readonly containerID: string;
  /** Whether its chain bears our label; one that doesn't may be the Go plugin's, which names its chains alike. */
  readonly isOurs: boolean;
  readonly sources: readonly IptablesSource[];
}

/** What tells of containers: who runs, and what is left of those that are gone. */
export interface Ward {
  readonly facts: Facts;
  readonly links: readonly HostLink[];
  readonly addresses: readonly HostAddress[];
  /** Those that attachments' networks have, by their names. */
  readonly bridges: ReadonlyMap<string, Link>;
  /** Of each port of a bridge that filters VLANs, by its index. */
  readonly vlans: ReadonlyMap<number, readonly PortVlans[]>;
  readonly patients: readonly Patient[];
  readonly lostForward: readonly LostForward[];
  readonly orphans: readonly Orphan[];
  /** Every address in every namespace; undefined where they can't be seen. */
  readonly inside: ReadonlySet<string> | undefined;
  readonly missing: readonly Missing[];
}

/** All that the doctor judges by. */
export interface Sight extends Ward {
  readonly routes: readonly LiveRoute[];
  readonly barriers: readonly Barrier[];
  /** Of those that matter, those that the kernel has. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Files of the name `bridge` in the usual directories, each once. */
  readonly plugins: readonly string[];
  /** What `"mtu": "auto"` would choose now, by network; no other network is in it. */
  readonly autoMtus: ReadonlyMap<string, number>;
  /** What the kernel lacks for a network, in the plugin's words. */
  readonly lacking: readonly { readonly network: string; readonly words: string }[];
}

/** The patients of a network. */
export function patientsOf({ patients }: Pick<Ward, 'patients'>, network: NetworkFacts): Patient[] {
  return patients.filter((one) => one.network === network);
}
