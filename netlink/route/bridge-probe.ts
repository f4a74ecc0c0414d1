import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import {
  IFLA_BR_VLAN_PROTOCOL,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
} from '../linux/if_link.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import { ifinfomsg, RTM_NEWLINK } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';

/** What the kernel can do of bridges: nothing, all but VLANs, all. */
export type BridgeAbility = 'none' | 'plain' | 'vlans';

/**
 * Asks what the kernel can do of bridges without making one: it is told to make a bridge by a name that is taken, with
 * a VLAN protocol that does not exist. A kernel with CONFIG_BRIDGE_VLAN_FILTERING refuses the protocol before the name.
 * @throws NetlinkError EPERM where the caller may not change links
 */
export function probeBridges(connection: Connection): BridgeAbility {
  const body = new MessageBody().struct(ifinfomsg).put(IFLA_IFNAME, 'lo');
  body.nested(IFLA_LINKINFO, () => {
    body.put(IFLA_INFO_KIND, 'bridge').nested(IFLA_INFO_DATA, () => body.put(IFLA_BR_VLAN_PROTOCOL, 0));
  });
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  const request = { type: RTM_NEWLINK, flags, body: body.done(), operation: 'probe for', object: 'bridges' };
  const error = connection.exchange([request])[0]?.error;
  if (isErrno(error, 'EPROTONOSUPPORT')) return 'vlans';
  if (isErrno(error, 'EEXIST')) return 'plain';
  if (isErrno(error, 'EOPNOTSUPP')) return 'none';
  throw error ?? new Error('the kernel made a second link by the name lo');
}
