import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { awaitChange, group, subscribe } from '../../netlink/notification.ts';
import type { Link } from '../../netlink/route/link.ts';
import { hostEnd, type VethPair } from './veth.ts';

/** How long a port may take to forward, beyond the spanning tree's own delay. */
const deadlineMilliseconds = 10_000;

/**
 * Waits until the bridge forwards frames from the host veth. Usually it already does, but older kernels report a new
 * carrier a moment later, and a bridge with a spanning tree listens and learns first.
 * @returns the host veth afterwards
 * @throws CniError code 11 at the deadline, with the port's state; NetlinkError
 */
export function awaitForwarding(host: Connection, bridge: Link, veth: VethPair['host']): Link {
  let last = look(host, bridge, veth);
  if (forwards(last)) return last;
  const limit = deadlineMilliseconds + 2 * bridge.forwardDelayMilliseconds;
  const links = subscribe(group.link);
  try {
    const forwarding = awaitChange(links, limit, () => {
      last = look(host, bridge, veth);
      return forwards(last) ? last : undefined;
    });
    if (forwarding !== undefined) return forwarding;
  } finally {
    links.close();
  }
  throw new CniError(
    errorCode.tryAgain,
    `port ${veth.name} of bridge ${bridge.name} does not forward`,
    `after ${limit / 1000} s it is ${last.portState}, its link ${last.operational ? 'up' : 'down'}`,
  );
}

function forwards({ operational, portState }: Link): boolean {
  return operational && portState === 'forwarding';
}

function look(host: Connection, bridge: Link, veth: VethPair['host']): Link {
  const link = hostEnd(host, veth);
  if (link.master === bridge.index) return link;
  const taken = `was removed from bridge ${bridge.name}`;
  throw new CniError(errorCode.tryAgain, `veth pair ${veth.name} ${taken} while it was being set up`);
}
