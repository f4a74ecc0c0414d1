import type { Link } from '../../netlink/route/link.ts';
import { changedOptions, isForwardedTo } from '../attach/port-options.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/** Both ends of a pair, and their bridge. */
interface Pair {
  readonly bridge: Link;
  readonly port: Link;
  readonly container: Link;
}

/**
 * Compares the options that are settings of the port with the kernel's.
 * @throws CniError code 999 for the first one that differs
 */
export function checkPortOptions(
  { config, sides: { host } }: Comparison,
  { bridge, port, container }: Pair,
): void {
  const [first] = changedOptions(host, port, config);
  if (first !== undefined) throw mismatch(`${first.name} of ${port.name}`, first.expected, first.found);
  const { mac } = container;
  if (config.learning || isForwardedTo(host, bridge, port, mac)) return;
  throw mismatch(`forwarding entry of ${mac}`, `port ${port.name}`, 'none, or another port');
}
