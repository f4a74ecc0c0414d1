import type { Attachment } from '../../cni/attachment.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Request } from '../config/request.ts';
import type { Ipam } from './ipam.ts';

/** What a command is given. */
export interface Operation {
  readonly request: Request;
  /** What an ADD, a DEL or a CHECK is for. */
  readonly attachment: Attachment;
  readonly config: BridgeConfig;
  /** Undefined for layer 2 only. */
  readonly ipam: Ipam | undefined;
  /** Tells the operator a line on stderr. */
  readonly warn: (line: string) => void;
}
