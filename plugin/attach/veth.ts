import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { getLink, type Link, newVeth, removeLink, setLink } from '../../netlink/route/link.ts';
import { hasLink, setSysctl } from '../../netlink/sysctl.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { randomMac } from '../config/mac.ts';
import { vethNames } from './host-veth.ts';
import { filtersVlans, setPortVlans } from './port-vlans.ts';
import type { Sides } from './sides.ts';
import type { Undo } from './undo.ts';

/** Both ends of a pair. */
export interface VethPair {
  /** The name of the host's, which is a bridge port and up. */
  readonly hostName: string;
  /** The container's, which is down yet. */
  readonly container: Link;
}

/**
 * Makes the veth pair: the near end a port of the bridge, the far end in the container's namespace.
 * @param owner what the host veth's alias says
 * @throws CniError code 4 where the container has an interface of that name, 11 where the bridge is full; NetlinkError
 */
export function connectContainer(
  sides: Sides,
  bridge: Link,
  ifname: string,
  owner: string,
  config: BridgeConfig,
  undo: Undo,
): VethPair {
  const names = vethNames(owner);
  for (const name of names) {
    // Another's by chance, or left from an attachment of the same words. Asked first, for what comes in one datagram
    // with the making of a pair would be done to the link that has its name already.
    if (hasLink(name)) continue;
    try {
      return createPair(sides, bridge, name, ifname, owner, config, undo);
    } catch (error) {
      if (isErrno(error, 'EXFULL')) throw full(bridge);
      if (!isErrno(error, 'EEXIST')) throw error;
      refuseTaken(sides, ifname);
    }
  }
  throw new CniError(
    errorCode.internal,
    'no name is free for the host veth',
    `${names.join(', ')} are taken`,
  );
}

/**
 * Refuses an interface name that the container has already.
 * @throws CniError code 4
 */
function refuseTaken({ container }: Sides, ifname: string): void {
  if (getLink(container, ifname) === undefined) return;
  throw new CniError(
    errorCode.invalidEnvironment,
    `invalid CNI_IFNAME: "${ifname}"`,
    'the container has an interface of that name already',
  );
}

function createPair(
  { host, container, containerNamespace }: Sides,
  bridge: Link,
  name: string,
  ifname: string,
  owner: string,
  config: BridgeConfig,
  undo: Undo,
): VethPair {
  const { mtu, hairpinMode, portIsolation } = config;
  const port = {
    ...(hairpinMode ? { hairpin: true } : {}),
    ...(portIsolation ? { isolated: true } : {}),
  };
  const peer = { name: ifname, namespaceFd: containerNamespace.fd, settings: { mac: config.mac, mtu } };
  // Its address tells that it is the one made here: another ADD of the attachment, or a later one, takes the same name.
  const mac = randomMac();
  const [, ...more] = undo.attempt(
    `veth pair ${name}`,
    () => {
      const replies = host.exchange([
        newVeth(name, { mac, mtu, master: bridge.index, up: true }, peer),
        // In the same datagram, which the kernel does without a pause: there is no moment at which a process can die
        // and leave a pair that doesn't say whose it is.
        setLink(name, { alias: owner }),
        ...(Object.keys(port).length > 0 ? [setLink(name, { port })] : []),
      ]);
      if (replies[0]?.error !== undefined) throw replies[0].error;
      return replies;
    },
    () => {
      if (getLink(host, name)?.mac === mac) removeLink(host, name);
    },
  );
  for (const { error } of more) if (error !== undefined) throw error;
  setSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  // The container's end is down yet: not a frame goes through the bridge's default VLAN.
  if (filtersVlans(config)) host.execute(...setPortVlans(bridge, endOf(host, name), config));
  return { hostName: name, container: endOf(container, ifname, name) };
}

/**
 * One end of a veth pair as it is now.
 * @param pair the pair's name in errors, which is that of the host's end
 * @throws CniError code 11 where it is gone; NetlinkError
 */
export function endOf(connection: Connection, name: string, pair = name): Link {
  const link = getLink(connection, name);
  if (link !== undefined) return link;
  throw new CniError(errorCode.tryAgain, `veth pair ${pair} was deleted while it was set up`);
}

/** The kernel numbers a bridge's ports in ten bits, from 1 (BR_MAX_PORTS, net/bridge/br_private.h). */
function full({ name }: Link): CniError {
  return new CniError(
    errorCode.tryAgain,
    `bridge ${name} is full`,
    'EXFULL: it has 1023 ports, the most that the kernel allows on a bridge',
  );
}
