/** linux/if_bridge.h */
import { attribute } from '../attribute.ts';
import { u16 } from '../format.ts';
import { struct } from '../struct.ts';

/** BR_STATE_*, by their numbers */
export const BR_STATE = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** struct bridge_vlan_info; a range takes two of them */
export const bridge_vlan_info = struct({ flags: u16, vid: u16 });
/** Within IFLA_AF_SPEC of a message of AF_BRIDGE; one for each VLAN. */
export const IFLA_BRIDGE_VLAN_INFO = attribute(2, bridge_vlan_info);

export const BRIDGE_VLAN_INFO_PVID = 0x02;
export const BRIDGE_VLAN_INFO_UNTAGGED = 0x04;
export const BRIDGE_VLAN_INFO_RANGE_BEGIN = 0x08;
export const BRIDGE_VLAN_INFO_RANGE_END = 0x10;
