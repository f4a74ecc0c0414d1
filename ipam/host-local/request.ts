import type { Attachment } from '../../cni/attachment.ts';
import type { HostLocalConfig } from './config.ts';
import type { RangeSource } from './ranges.ts';

/** What host-local is asked for an attachment. */
export interface HostLocalRequest extends RangeSource {
  readonly attachment: Attachment;
  /** Addresses asked for, with or without a prefix length. */
  readonly requestedIPs: readonly string[];
}

/** A request's part that says where an attachment's leases are. */
export interface LeaseRequest {
  readonly attachment: Attachment;
  readonly config: HostLocalConfig;
  /** Addresses asked for, as at the ADD. */
  readonly requestedIPs?: readonly string[];
  /** Prints a line on stderr. */
  warn?(line: string): void;
}
