import { attribute, attributeList, attributes, nested } from '../attribute.ts';
import { concat, getU16, getU32, putU16, putU32, u32 } from '../bytes.ts';
import type { Connection, NetlinkRequest } from '../connection.ts';

/** linux/rtnetlink.h */
const type = { dellink: 17, getlink: 18, setlink: 19 } as const;
/** AF_BRIDGE, linux/socket.h */
const bridgeFamily = 7;
/** IFLA_*, linux/if_link.h */
const ifla = { afSpec: 26, extMask: 29 } as const;
/** IFLA_BRIDGE_VLAN_INFO, linux/if_bridge.h */
const vlanInfo = 2;
/** BRIDGE_VLAN_INFO_*, linux/if_bridge.h */
const info = { pvid: 0x02, untagged: 0x04, rangeBegin: 0x08, rangeEnd: 0x10 } as const;
/** RTEXT_FILTER_BRVLAN_COMPRESSED, linux/rtnetlink.h: VLANs come as ranges. */
const vlansAsRanges = 0x04;

/** VLANs `first` to `last` of a bridge port, both included. */
export interface PortVlans {
  readonly first: number;
  readonly last: number;
  /** What comes in untagged is of this VLAN; of a single one alone, never of a range. */
  readonly pvid: boolean;
  /** Goes out without a tag. */
  readonly untagged: boolean;
}

/** struct ifinfomsg with AF_BRIDGE. */
function header(index: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = bridgeFamily;
  putU32(bytes, 4, index);
  return bytes;
}

/** struct bridge_vlan_info: flags and VLAN, both in host byte order; a range is two of them. */
function vlanInfos({ first, last, pvid, untagged }: PortVlans): Uint8Array[] {
  const flags = (pvid ? info.pvid : 0) | (untagged ? info.untagged : 0);
  const one = (vid: number, more: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    putU16(bytes, 0, flags | more);
    putU16(bytes, 2, vid);
    return attribute(vlanInfo, bytes);
  };
  return first === last ? [one(first, 0)] : [one(first, info.rangeBegin), one(last, info.rangeEnd)];
}

function inWords(vlans: readonly PortVlans[]): string {
  return vlans.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/**
 * Puts VLANs on a bridge port, one after another: of a VLAN that is there already the flags become those given.
 * It fails with EOPNOTSUPP where the kernel has no CONFIG_BRIDGE_VLAN_FILTERING.
 */
export function addVlans(port: { index: number; name: string }, vlans: readonly PortVlans[]): NetlinkRequest {
  return {
    type: type.setlink,
    flags: 0,
    body: concat([header(port.index), nested(ifla.afSpec, ...vlans.flatMap(vlanInfos))]),
    operation: `add VLAN ${inWords(vlans)} to port`,
    object: port.name,
  };
}

/** Takes VLANs from a bridge port; those that it has not are passed over. */
export function deleteVlans(
  port: { index: number; name: string },
  vlans: readonly PortVlans[],
): NetlinkRequest {
  return {
    type: type.dellink,
    flags: 0,
    body: concat([header(port.index), nested(ifla.afSpec, ...vlans.flatMap(vlanInfos))]),
    operation: `delete VLAN ${inWords(vlans)} from port`,
    object: port.name,
  };
}

/**
 * The VLANs of one bridge port.
 * @throws NetlinkError
 */
export function listVlans(connection: Connection, port: { index: number; name: string }): PortVlans[] {
  const messages = connection.dump({
    type: type.getlink,
    flags: 0,
    body: concat([header(0), attribute(ifla.extMask, u32(vlansAsRanges))]),
    operation: 'list VLANs of port',
    object: port.name,
  });
  // The kernel dumps every port of every bridge.
  const own = messages.find(({ body }) => getU32(body, 4) === port.index);
  return own === undefined ? [] : decodeVlans(own.body);
}

const none = new Uint8Array();

/** Reads the VLANs of an RTM_NEWLINK message of AF_BRIDGE. */
export function decodeVlans(body: Uint8Array): PortVlans[] {
  const found: PortVlans[] = [];
  let begin = 0;
  for (const [kind, bytes] of attributeList(attributes(body.subarray(16)).get(ifla.afSpec) ?? none)) {
    if (kind !== vlanInfo || bytes.length < 4) continue;
    const flags = getU16(bytes, 0);
    const vid = getU16(bytes, 2);
    if ((flags & info.rangeBegin) !== 0) {
      begin = vid;
      continue;
    }
    found.push({
      first: (flags & info.rangeEnd) === 0 ? vid : begin,
      last: vid,
      pvid: (flags & info.pvid) !== 0,
      untagged: (flags & info.untagged) !== 0,
    });
  }
  return found;
}
