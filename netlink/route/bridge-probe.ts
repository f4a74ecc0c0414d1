import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import { flag } from '../message.ts';
import { MessageBody } from '../message-body.ts';

/** RTM_NEWLINK, linux/rtnetlink.h */
const newLinkType = 16;
/** IFLA_*, IFLA_INFO_* and IFLA_BR_*, linux/if_link.h */
const ifla = { ifname: 3, linkinfo: 18 } as const;
const info = { kind: 1, data: 2 } as const;
const vlanProtocol = 8;

/** What the kernel can do of bridges: nothing, all but VLANs, all. */
export type BridgeAbility = 'none' | 'plain' | 'vlans';

/**
 * Asks what the kernel can do of bridges without making one: it is told to make a bridge by a name that is taken, with
 * a VLAN protocol that does not exist. A kernel with CONFIG_BRIDGE_VLAN_FILTERING refuses the protocol before the name.
 * @throws NetlinkError EPERM where the caller may not change links
 */
export function probeBridges(connection: Connection): BridgeAbility {
  const body = new MessageBody(0, 0, 0, 0).text(ifla.ifname, 'lo');
  body.nested(ifla.linkinfo, () => {
    body.text(info.kind, 'bridge').nested(info.data, () => body.bytes(vlanProtocol, Uint8Array.of(0, 0)));
  });
  const [reply] = connection.exchange([
    {
      type: newLinkType,
      flags: flag.create | flag.exclusive,
      body: body.done(),
      operation: 'probe for',
      object: 'bridges',
    },
  ]);
  const error = reply?.error;
  if (isErrno(error, 'EPROTONOSUPPORT')) return 'vlans';
  if (isErrno(error, 'EEXIST')) return 'plain';
  if (isErrno(error, 'EOPNOTSUPP')) return 'none';
  throw error ?? new Error('the kernel made a second link by the name lo');
}
