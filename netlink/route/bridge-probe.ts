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

/** The kernel's support for bridges: none, all but VLANs, all. */
export type BridgeAbility = 'none' | 'plain' | 'vlans';

/**
 * Finds out the kernel's support for bridges without creating one: requests a bridge under a name that is taken, with a
 * VLAN protocol that doesn't exist. A kernel with CONFIG_BRIDGE_VLAN_FILTERING refuses the protocol before the name.
 * @throws NetlinkError EPERM if the caller may not change links
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
  throw error ?? new Error('the kernel created a second link named lo');
}
