import { Attributes } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import { isErrno } from '../error.ts';
import { IFLA_INFO_SLAVE_DATA, IFLA_LINKINFO } from '../linux/if_link.ts';
import { ifinfomsg, RTM_GETLINK } from '../linux/rtnetlink.ts';
import { type Link, linkQuery } from './link.ts';
import { decodePort, type PortSettings } from './port-settings.ts';

/**
 * How a bridge treats one of its ports; undefined if there is no such link.
 * @throws NetlinkError
 */
export function getPort(
  connection: Connection,
  { index, name }: Pick<Link, 'index' | 'name'>,
): Required<PortSettings> | undefined {
  const body = linkQuery(index).done();
  const [reply] = connection.exchange([
    { type: RTM_GETLINK, flags: 0, isQuery: true, body, operation: 'get port', object: name },
  ]);
  if (isErrno(reply?.error, 'ENODEV')) return undefined;
  if (reply?.error !== undefined) throw reply.error;
  const [message] = reply?.messages ?? [];
  if (message === undefined) return undefined;
  const info = new Attributes(message.body.subarray(ifinfomsg.length)).nested(IFLA_LINKINFO);
  return decodePort(info.nested(IFLA_INFO_SLAVE_DATA));
}
