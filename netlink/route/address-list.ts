import { Attributes } from '../attribute.ts';
import type { Connection } from '../connection.ts';
import type { CIDR } from '../ip.ts';
import { IFA_ADDRESS, IFA_LOCAL, ifaddrmsg } from '../linux/if_addr.ts';
import { RTM_GETADDR } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';

/** An address and the index of the link that has it. */
export interface HostAddress {
  readonly index: number;
  readonly cidr: CIDR;
}

/**
 * Every address of the namespace, of both families, by one dump.
 * @throws NetlinkError
 */
export function listEveryAddress(connection: Connection): HostAddress[] {
  const request = {
    type: RTM_GETADDR,
    flags: 0,
    body: new MessageBody().struct(ifaddrmsg).done(),
    operation: 'list addresses',
    object: '',
  };
  return connection.collect(request, ({ body }) => {
    const attributes = new Attributes(body.subarray(ifaddrmsg.length));
    const ip = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (ip === undefined) return undefined;
    return { index: ifaddrmsg.ifa_index.get(body), cidr: { ip, prefix: ifaddrmsg.ifa_prefixlen.get(body) } };
  });
}
