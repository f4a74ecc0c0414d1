import { CniError, errorCode } from '../../cni/error.ts';
import type { IPConfig, Result } from '../../cni/result.ts';
import type { Connection } from '../../netlink/connection.ts';
import { family, formatIP, type IP } from '../../netlink/ip.ts';
import { listAddresses } from '../../netlink/route/address.ts';
import { getLink, iff, type Link, setLink } from '../../netlink/route/link.ts';
import { openContainer, openContainerIfThere } from '../attach/sides.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import type { Request } from '../config/request.ts';

const name = 'lo';

/**
 * Answers as the plugin loopback, which container runtimes run for every pod: ADD sets `lo` up in the container's
 * namespace, DEL sets it down, CHECK checks that it is up. GC and STATUS have nothing to do.
 * @param deliver gets an ADD's result; if it fails, `lo` is set down again
 * @throws CniError, NetlinkError, SystemError
 */
export function loopback(
  request: Request,
  { prevResult }: NetworkConfig,
  deliver: (result: Result) => void,
): void {
  const { command } = request;
  if (command === 'DEL') setDown(request);
  if (command !== 'ADD' && command !== 'CHECK') return;
  const { container, close } = openContainer(request);
  try {
    const lo = getLoopback(container);
    if (command === 'ADD')
      setUp(container, lo, () => deliver(prevResult ?? resultOf(container, lo, request)));
    else if (!isUp(lo)) throw new CniError(errorCode.internal, 'loopback interface is down');
  } finally {
    close();
  }
}

function getLoopback(container: Connection): Link {
  const lo = getLink(container, name);
  if (lo === undefined) throw new CniError(errorCode.internal, `the container has no interface ${name}`);
  return lo;
}

function isUp({ flags }: Link): boolean {
  return (flags & iff.up) !== 0;
}

function setUp(container: Connection, lo: Link, deliver: () => void): void {
  container.execute(setLink(name, { up: true }));
  try {
    deliver();
  } catch (error) {
    if (!isUp(lo)) container.execute(setLink(name, { up: false }));
    throw error;
  }
}

/** A namespace that is gone is not an error. */
function setDown(request: Request): void {
  const side = openContainerIfThere(request);
  if (side === undefined) return;
  try {
    side.container.execute(setLink(name, { up: false }));
  } finally {
    side.close();
  }
}

function resultOf(container: Connection, lo: Link, { netns }: Request): Result {
  return {
    interfaces: [{ name, mac: lo.mac, sandbox: netns }],
    ips: [family.ipv4, family.ipv6].flatMap((of): IPConfig[] => {
      const addresses = listAddresses(container, lo, of).map(({ cidr }) => cidr);
      const other = addresses.find(({ ip }) => !isLoopback(ip));
      if (other !== undefined) {
        throw new CniError(
          errorCode.internal,
          `loopback interface found with non-loopback address "${formatIP(other.ip)}"`,
        );
      }
      return addresses.slice(0, 1).map((address) => ({ address, interface: 0 }));
    }),
    routes: [],
    dns: {},
  };
}

/** 127.0.0.0/8 or ::1 */
function isLoopback({ family: of, value }: IP): boolean {
  return of === family.ipv4 ? value >> 24n === 127n : value === 1n;
}
