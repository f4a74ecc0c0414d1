import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import { IFLA_ADDRESS, IFLA_INFO_KIND, IFLA_LINKINFO } from '../linux/if_link.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../linux/netlink.ts';
import { ifinfomsg, RTM_NEWLINK } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';

/**
 * Whether the kernel has VRFs, found out without creating one: requests one with an impossible MAC address and without
 * its table, each of which a kernel with CONFIG_NET_VRF refuses.
 * @throws NetlinkError EPERM if the caller may not change links
 */
export function hasVrfs(connection: Connection): boolean {
  const body = new MessageBody().struct(ifinfomsg).put(IFLA_ADDRESS, '00:00:00:00:00:00');
  body.nested(IFLA_LINKINFO, () => body.put(IFLA_INFO_KIND, 'vrf'));
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  const request = { type: RTM_NEWLINK, flags, body: body.done(), operation: 'probe for', object: 'VRFs' };
  const error = connection.exchange([request])[0]?.error;
  if (isErrno(error, 'EOPNOTSUPP')) return false;
  if (isErrno(error, 'EPERM')) throw error;
  return true;
}
