import { isErrno } from '../../netlink/error.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { getPort } from '../../netlink/route/bridge-port.ts';
import type { Link } from '../../netlink/route/link.ts';
import { differingOptions, portSettings } from '../attach/port-options.ts';
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
  if (portSettings(config) === undefined) return;
  const live = getPort(host, port);
  const [first] = live === undefined ? [] : differingOptions(config, live);
  if (first !== undefined) throw mismatch(`${first.name} of ${port.name}`, first.expected, first.found);
  if (config.learning) return;
  const entry = (): number | undefined => {
    try {
      return findPortOf(host, bridge, container.mac);
    } catch (error) {
      // Before Linux 5.0 there is no such question.
      if (isErrno(error, 'EOPNOTSUPP')) return port.index;
      throw error;
    }
  };
  if (entry() !== port.index) {
    throw mismatch(`forwarding entry of ${container.mac}`, `port ${port.name}`, 'none, or another port');
  }
}
