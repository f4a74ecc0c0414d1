import type { Attachment } from '../../cni/attachment.ts';
import type { IP } from '../../netlink/ip.ts';
import type { HostLocalConfig } from './config.ts';
import type { RangeSource } from './ranges.ts';

/** A request to host-local for an attachment. */
export interface HostLocalRequest extends RangeSource {
  readonly attachment: Attachment;
  /** Requested addresses, with or without a prefix length. */
  readonly requestedIPs: readonly string[];
  /** The pod of an ADD, `namespace/name`; empty or absent if nothing tells. */
  readonly pod?: string;
}

/** Gets the addresses whose leases are about to end, while nobody can lease them again. */
export type Releasing = (addresses: readonly IP[]) => void;

/** The part of a request that says where an attachment's leases are. */
export interface LeaseRequest {
  readonly attachment: Attachment;
  readonly config: HostLocalConfig;
  /** Requested addresses, as in the ADD. */
  readonly requestedIPs?: readonly string[];
  /** Prints a line on stderr. */
  warn?(line: string): void;
}
