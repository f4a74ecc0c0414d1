import type { Attachment } from '../../cni/attachment.ts';
import type { CIDR } from '../../netlink/ip.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import type { Isolated } from '../../plugin/netfilter/isolation/isolation.ts';
import type { AttachmentFacts } from '../facts/facts.ts';
import type { HostLink } from '../facts/raw.ts';

/** What is left of a container that is gone: its leases, map elements, and the veth whose namespace is gone. */
export interface Remains {
  readonly kind: 'remains';
  readonly attachment: AttachmentFacts;
  /** Its network's; undefined where it has none. */
  readonly config: BridgeConfig | undefined;
  /** The network's directories of leases. */
  readonly directories: readonly string[];
}

/** What a running container has lost. */
export type Loss =
  | {
      readonly kind: 'masquerade';
      readonly attachment: Attachment;
      readonly veth: HostLink;
      readonly addresses: readonly CIDR[];
      readonly config: BridgeConfig;
    }
  | {
      readonly kind: 'spoof check';
      readonly attachment: Attachment;
      readonly veth: HostLink;
      /** Path of the container's namespace. */
      readonly namespace: string;
      readonly addresses: readonly CIDR[];
      readonly config: BridgeConfig;
    }
  | {
      readonly kind: 'gateway';
      readonly attachment: Attachment;
      readonly config: BridgeConfig;
      readonly gateways: readonly CIDR[];
    }
  | {
      readonly kind: 'isolation';
      readonly isolated: Isolated;
      readonly config: BridgeConfig;
      readonly veth: HostLink;
    }
  | {
      readonly kind: 'forward';
      readonly config: BridgeConfig;
      /** Of the containers that run. */
      readonly addresses: readonly CIDR[];
    }
  | {
      readonly kind: 'port';
      readonly veth: HostLink;
      /** Path of the container's namespace; undefined where none was found. */
      readonly namespace: string | undefined;
      readonly config: BridgeConfig;
    }
  | { readonly kind: 'up'; readonly bridge: HostLink };

/** What mends a finding where it is ours to mend. */
export type Cure = Remains | Loss;

/** Something that keeps containers from working, or will. */
export interface Finding {
  /** In a line. */
  readonly what: string;
  readonly where: readonly string[];
  /** Why it matters. */
  readonly why: string;
  /** The command that mends it. */
  readonly mend: string;
  /** What `--fix` does; nothing where it isn't ours to mend. */
  readonly cures: readonly Cure[];
}

/** The command for what we mend ourselves. */
export const fixCommand = 'cni-bridge doctor --fix';
