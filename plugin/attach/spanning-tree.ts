import type { Link, LinkSettings } from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { invalidConfig } from '../config/schema-check.ts';

type TreeOptions = Pick<BridgeConfig, 'stp' | 'forwardDelay'>;

/** What a bridge that is made gets of the spanning tree protocol. */
export function treeSettings({ stp, forwardDelay }: TreeOptions): LinkSettings {
  return { stp: stp || undefined, forwardDelayMilliseconds: forwardDelay && 1000 * forwardDelay };
}

/** How a bridge's spanning tree differs from the options; undefined if it doesn't. */
export function differingTree({ stp, forwardDelay }: TreeOptions, { forwardDelayMilliseconds: delay }: Link) {
  if (!stp) return undefined;
  if (delay === 0) return { name: 'stp', expected: 'on', found: 'off', command: 'stp_state 1' };
  if (forwardDelay === undefined || delay === 1000 * forwardDelay) return undefined;
  const found = `${delay / 1000} s`;
  return {
    name: 'forwardDelay',
    expected: `${forwardDelay} s`,
    found,
    command: `forward_delay ${100 * forwardDelay}`,
  };
}

/**
 * Refuses a bridge that was there before and has another spanning tree: changing it would stop its other ports.
 * @throws CniError code 7
 */
export function refuseOtherTree(config: TreeOptions, bridge: Link): void {
  const differing = differingTree(config, bridge);
  if (differing === undefined) return;
  const { name, expected, found, command } = differing;
  const what = `bridge "${bridge.name}" exists and has it ${found}, not ${expected}`;
  throw invalidConfig(`${name}: ${what}; "ip link set ${bridge.name} type bridge ${command}" changes it`);
}
