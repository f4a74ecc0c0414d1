import { Attributes } from '../attribute.ts';
import { getU32 } from '../bytes.ts';
import type { Connection } from '../connection.ts';
import { IFLA_STATS64 } from '../linux/if_link.ts';
import { ifinfomsg, RTM_GETLINK } from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';

/** What went through a link since it was made. */
export interface LinkCounters {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly rxDropped: number;
  readonly txDropped: number;
}

/** struct rtnl_link_stats64: 64 bits each, in host byte order. */
function decodeCounters(bytes: Uint8Array): LinkCounters {
  const counter = (at: number): number => getU32(bytes, 8 * at) + 2 ** 32 * getU32(bytes, 8 * at + 4);
  return {
    rxPackets: counter(0),
    txPackets: counter(1),
    rxBytes: counter(2),
    txBytes: counter(3),
    rxErrors: counter(4),
    txErrors: counter(5),
    rxDropped: counter(6),
    txDropped: counter(7),
  };
}

/**
 * The counters of a link; undefined where it is gone.
 * @throws SystemError, ProtocolError
 */
export function getLinkCounters(
  connection: Connection,
  { index, name }: Pick<Link, 'index' | 'name'>,
): LinkCounters | undefined {
  const body = new MessageBody().struct(ifinfomsg).set(ifinfomsg.ifi_index, index).done();
  const [reply] = connection.exchange([
    { type: RTM_GETLINK, flags: 0, body, operation: 'get counters of link', object: name },
  ]);
  const message = reply?.messages[0];
  if (message === undefined) return undefined;
  const bytes = new Attributes(message.body.subarray(ifinfomsg.length)).get(IFLA_STATS64);
  return bytes && decodeCounters(bytes);
}
