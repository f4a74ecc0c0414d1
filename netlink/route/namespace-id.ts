import { Attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import { NETNSA_FD, NETNSA_NSID } from '../linux/net_namespace.ts';
import { RTM_GETNSID, rtgenmsg } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Namespace } from '../namespace.ts';

function getNamespaceId({ fd, path }: Namespace): NetlinkRequest {
  const body = new MessageBody().struct(rtgenmsg).put(NETNSA_FD, fd).done();
  return { type: RTM_GETNSID, flags: 0, body, operation: 'get id of network namespace', object: path };
}

/**
 * The ids by which links tell of these namespaces (`peerNamespaceId` of a link), all asked for at once; undefined
 * for one that no link's peer is in.
 * @throws SystemError, ProtocolError
 */
export function namespaceIds(
  connection: Connection,
  namespaces: readonly Namespace[],
): (number | undefined)[] {
  return connection.exchange(namespaces.map(getNamespaceId)).map(({ messages }) => {
    const [message] = messages;
    if (message === undefined) return undefined;
    const attributes = new Attributes(message.body.subarray(rtgenmsg.length));
    const id = attributes.has(NETNSA_NSID) ? attributes.get(NETNSA_NSID) : -1;
    return id < 0 ? undefined : id;
  });
}
