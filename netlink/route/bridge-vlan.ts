import { Attributes } from '../attribute.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';
import {
  BRIDGE_VLAN_INFO_PVID,
  BRIDGE_VLAN_INFO_RANGE_BEGIN,
  BRIDGE_VLAN_INFO_RANGE_END,
  BRIDGE_VLAN_INFO_UNTAGGED,
  bridge_vlan_info,
  IFLA_BRIDGE_VLAN_INFO,
} from '../linux/if_bridge.ts';
import { IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_MASTER } from '../linux/if_link.ts';
import {
  AF_BRIDGE,
  ifinfomsg,
  RTEXT_FILTER_BRVLAN_COMPRESSED,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_SETLINK,
} from '../linux/rtnetlink.ts';
import { MessageBody } from '../message-body.ts';
import type { Link } from './link.ts';

/** VLANs `first` to `last` of a bridge port, inclusive. */
export interface PortVlans {
  readonly first: number;
  readonly last: number;
  /** Untagged frames that come in belong to this VLAN; only for a single VLAN, never for a range. */
  readonly pvid: boolean;
  /** Frames go out untagged. */
  readonly untagged: boolean;
}

function bridgeBody(index: number): MessageBody {
  return new MessageBody()
    .struct(ifinfomsg)
    .set(ifinfomsg.ifi_family, AF_BRIDGE)
    .set(ifinfomsg.ifi_index, index);
}

/** One struct bridge_vlan_info for a single VLAN, two for a range. */
function putVlan(body: MessageBody, { first, last, pvid, untagged }: PortVlans): void {
  const flags = (pvid ? BRIDGE_VLAN_INFO_PVID : 0) | (untagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0);
  const put = (vid: number, more: number) => body.put(IFLA_BRIDGE_VLAN_INFO, { flags: flags | more, vid });
  if (first === last) put(first, 0);
  else {
    put(first, BRIDGE_VLAN_INFO_RANGE_BEGIN);
    put(last, BRIDGE_VLAN_INFO_RANGE_END);
  }
}

/**
 *     struct ifinfomsg              AF_BRIDGE, the port's index
 *     IFLA_AF_SPEC
 *       IFLA_BRIDGE_VLAN_INFO...    struct bridge_vlan_info
 */
function vlanBody(index: number, vlans: readonly PortVlans[]): Uint8Array {
  const body = bridgeBody(index);
  body.nested(IFLA_AF_SPEC, () => {
    for (const one of vlans) putVlan(body, one);
  });
  return body.done();
}

function inWords(vlans: readonly PortVlans[]): string {
  return vlans.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/**
 * Adds VLANs to a bridge port, one after another; a VLAN that it already has gets the given flags. It fails with
 * EOPNOTSUPP if the kernel has no CONFIG_BRIDGE_VLAN_FILTERING.
 */
export function addVlans(port: Pick<Link, 'index' | 'name'>, vlans: readonly PortVlans[]): NetlinkRequest {
  const body = vlanBody(port.index, vlans);
  const operation = `add VLAN ${inWords(vlans)} to port`;
  return { type: RTM_SETLINK, flags: 0, body, operation, object: port.name };
}

/** Removes VLANs from a bridge port; those that it doesn't have are ignored. */
export function deleteVlans(port: Pick<Link, 'index' | 'name'>, vlans: readonly PortVlans[]): NetlinkRequest {
  const body = vlanBody(port.index, vlans);
  const operation = `delete VLAN ${inWords(vlans)} from port`;
  return { type: RTM_DELLINK, flags: 0, body, operation, object: port.name };
}

/** Dumps the VLANs of every bridge and bridge port. */
function vlansRequest(operation: string, object: string): NetlinkRequest {
  const body = bridgeBody(0).put(IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED).done();
  return { type: RTM_GETLINK, flags: 0, body, operation, object };
}

/**
 * The indexes of a bridge's ports in a VLAN.
 * @throws NetlinkError
 */
export function listVlanPorts(
  connection: Connection,
  bridge: Pick<Link, 'index' | 'name'>,
  vid: number,
): number[] {
  return connection.collect(vlansRequest(`list ports in VLAN ${vid} of`, bridge.name), ({ body }) => {
    const index = ifinfomsg.ifi_index.get(body);
    const { length } = ifinfomsg;
    // The bridge itself is listed as its own port.
    if (index === bridge.index || new Attributes(body.subarray(length)).get(IFLA_MASTER) !== bridge.index) {
      return undefined;
    }
    return decodeVlans(body).some(({ first, last }) => first <= vid && vid <= last) ? index : undefined;
  });
}

/**
 * The VLANs of one bridge port.
 * @throws NetlinkError
 */
export function listVlans(connection: Connection, port: Pick<Link, 'index' | 'name'>): PortVlans[] {
  const messages = connection.dump(vlansRequest('list VLANs of port', port.name));
  const own = messages.find(({ body }) => ifinfomsg.ifi_index.get(body) === port.index);
  return own === undefined ? [] : decodeVlans(own.body);
}

/**
 * The VLANs of every bridge port, and of the bridges themselves, by the index of the link.
 * @throws NetlinkError
 */
export function listEveryVlan(connection: Connection): Map<number, PortVlans[]> {
  return new Map(
    connection.collect(vlansRequest('list VLANs of', 'every bridge'), ({ body }): [number, PortVlans[]] => [
      ifinfomsg.ifi_index.get(body),
      decodeVlans(body),
    ]),
  );
}

/** Decodes the VLANs in an RTM_NEWLINK message of AF_BRIDGE. */
export function decodeVlans(body: Uint8Array): PortVlans[] {
  const found: PortVlans[] = [];
  let begin = 0;
  for (const [type, payload] of new Attributes(body.subarray(ifinfomsg.length)).list(IFLA_AF_SPEC)) {
    if (type !== IFLA_BRIDGE_VLAN_INFO.type || payload.length < bridge_vlan_info.length) continue;
    const { flags, vid } = bridge_vlan_info.get(payload, 0, payload.length);
    if ((flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) {
      begin = vid;
      continue;
    }
    found.push({
      first: (flags & BRIDGE_VLAN_INFO_RANGE_END) === 0 ? vid : begin,
      last: vid,
      pvid: (flags & BRIDGE_VLAN_INFO_PVID) !== 0,
      untagged: (flags & BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
    });
  }
  return found;
}
