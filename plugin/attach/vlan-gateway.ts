import type { Attachment } from '../../cni/attachment.ts';
import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import {
  findLinks,
  getLink,
  iff,
  type Link,
  newVeth,
  removeLink,
  setLink,
} from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { servesOthers } from './bridge.ts';
import { randomVethName } from './host-veth.ts';
import { setPortVlans } from './port-vlans.ts';
import { changeSysctl } from './sysctl.ts';
import type { Undo } from './undo.ts';

/** The name of the link that has a VLAN's gateway address: `<bridge>.<vlan>`. */
export function vlanGatewayName({ bridge, vlan }: Pick<BridgeConfig, 'bridge' | 'vlan'>): string {
  return `${bridge}.${vlan}`;
}

/**
 * The link for a VLAN's gateway address, up: a veth whose other end is a port of the bridge in that VLAN. It is made
 * where there is none; one that is up, of whatever kind, is taken as it is. Like the bridge it stays when the last
 * container leaves.
 * @throws CniError code 11 where it is deleted under this; NetlinkError
 */
export function ensureVlanGateway(
  host: Connection,
  bridge: Link,
  config: BridgeConfig,
  attachment: Attachment,
  undo: Undo,
): Link {
  const name = vlanGatewayName(config);
  const free = (): boolean => !servesOthers(host, bridge, attachment);
  const link = getLink(host, name) ?? createPair(host, bridge, name, free, undo);
  if ((link.flags & iff.up) !== 0) return link;
  // It comes up when all else is done, so one that is down was left half made, maybe by an ADD that was killed.
  const port = link.kind === 'veth' ? findPort(host, bridge, link) : undefined;
  // The trunk is the container's alone.
  const vlans = port === undefined ? [] : setPortVlans(bridge, port, { ...config, vlanTrunk: undefined });
  // The host's routes through these links are ours to make.
  for (const end of port === undefined ? [name] : [port.name, name]) {
    changeSysctl(`net/ipv6/conf/${end}/accept_ra`, '0', undo, free);
  }
  undo.attempt(
    `flags of ${name}`,
    () => host.execute(...vlans, setLink(name, { up: true })),
    () => {
      if (free()) host.execute(setLink(name, { up: false }));
    },
  );
  return link;
}

/** The other end of a veth, if it is a port of the bridge. */
function findPort(host: Connection, bridge: Link, { index, peer }: Link): Link | undefined {
  if (peer === 0) return undefined;
  // An index is good for one namespace, so that both ends have to agree.
  return findLinks(host, [peer]).find((one) => one.peer === index && one.master === bridge.index);
}

/** How many random names are tried before giving up; one in four thousand million is taken. */
const nameAttempts = 5;

function createPair(host: Connection, bridge: Link, name: string, free: () => boolean, undo: Undo): Link {
  const { mtu } = bridge;
  for (let attempt = 1; ; attempt++) {
    const port = randomVethName();
    try {
      undo.attempt(
        `link ${name}`,
        () =>
          host.execute(newVeth(port, { mtu, master: bridge.index, up: true }, { name, settings: { mtu } })),
        () => {
          // The port's name tells that it is the pair made here.
          if (free()) removeLink(host, port);
        },
      );
    } catch (error) {
      // Either name may be taken, `name` by another ADD that made the link meanwhile.
      if (!isErrno(error, 'EEXIST')) throw error;
      if (attempt === nameAttempts) throw error;
    }
    const link = getLink(host, name);
    if (link !== undefined) return link;
    if (attempt === nameAttempts) {
      throw new CniError(errorCode.tryAgain, `link ${name} was deleted while it was set up`);
    }
  }
}
