import type { Attachment } from '../../cni/attachment.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Sides } from './sides.ts';
import type { Undo } from './undo.ts';

/** An ADD on its way: for which attachment, what the configuration asks for, where, and how to take back what was done. */
export interface Addition {
  readonly attachment: Attachment;
  /** The pod that it is of, `namespace/name`; empty where nothing tells. */
  readonly pod: string;
  readonly config: BridgeConfig;
  readonly sides: Sides;
  readonly undo: Undo;
}
