import type { Attachment } from '../../cni/attachment.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Request } from '../config/request.ts';
import type { Ipam } from './ipam.ts';

/** What every command gets. */
export interface Operation {
  readonly request: Request;
  /** The attachment of an ADD, a DEL or a CHECK. */
  readonly attachment: Attachment;
  readonly config: BridgeConfig;
  /** Undefined for layer 2 only. */
  readonly ipam: Ipam | undefined;
  /** Prints a line on stderr for the operator. */
  readonly warn: (line: string) => void;
  /** Takes note of the time at which a phase begins; undefined where nobody wants to know. */
  readonly begin: ((phase: string) => void) | undefined;
}
