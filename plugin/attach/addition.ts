import type { Attachment } from '../../cni/attachment.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Sides } from './sides.ts';
import type { Undo } from './undo.ts';

/** What is done on the host for an attachment: by its ADD, or later by who mends the host. */
export interface HostAddition {
  readonly attachment: Attachment;
  readonly config: BridgeConfig;
  readonly sides: Pick<Sides, 'host'>;
  readonly undo: Undo;
}

/** An ADD in progress: its attachment, its configuration, both sides of it, and how to undo what it has done. */
export interface Addition extends HostAddition {
  /** The pod that it is of, `namespace/name`; empty where nothing tells. */
  readonly pod: string;
  readonly sides: Sides;
}
