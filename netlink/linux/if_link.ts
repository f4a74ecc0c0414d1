/** linux/if_link.h, with VETH_INFO_PEER of linux/veth.h */
import { attribute, nest } from '../attribute.ts';
import { be16, be32, bytes, flag, mac, s32, text, u8, u16, u32 } from '../format.ts';

export const IFLA_ADDRESS = attribute(1, mac);
export const IFLA_IFNAME = attribute(3, text);
export const IFLA_MTU = attribute(4, u32);
export const IFLA_LINK = attribute(5, u32);
export const IFLA_MASTER = attribute(10, u32);
export const IFLA_OPERSTATE = attribute(16, u8);
export const IFLA_LINKINFO = nest(18);
export const IFLA_IFALIAS = attribute(20, text);
/** The same, with which an empty alias is none: text ends in a NUL. */
export const IFLA_IFALIAS_BYTES = attribute(20, bytes);
/** struct rtnl_link_stats64 */
export const IFLA_STATS64 = attribute(23, bytes);
export const IFLA_AF_SPEC = nest(26);
export const IFLA_GROUP = attribute(27, u32);
export const IFLA_NET_NS_FD = attribute(28, u32);
export const IFLA_EXT_MASK = attribute(29, u32);
/** The id that the namespace of a veth's peer has in the namespace that tells of it. */
export const IFLA_LINK_NETNSID = attribute(37, s32);

// Within IFLA_LINKINFO:
export const IFLA_INFO_KIND = attribute(1, text);
/** Its attributes are the kind's: IFLA_BR_* for `bridge`, VETH_INFO_* for `veth`. */
export const IFLA_INFO_DATA = nest(2);
export const IFLA_INFO_SLAVE_KIND = attribute(4, text);
/** Its attributes are those of the kind of the link's master: IFLA_BRPORT_* for `bridge`. */
export const IFLA_INFO_SLAVE_DATA = nest(5);

/** In hundredths of a second (USER_HZ). */
export const IFLA_BR_FORWARD_DELAY = attribute(1, u32);
export const IFLA_BR_STP_STATE = attribute(5, u32);
export const IFLA_BR_VLAN_FILTERING = attribute(7, flag);
export const IFLA_BR_VLAN_PROTOCOL = attribute(8, be16);
/** struct ifla_bridge_id: two bytes of priority, then the MAC address; read as far as its first two bytes. */
export const IFLA_BR_BRIDGE_ID = attribute(11, be32);
export const IFLA_BR_VLAN_DEFAULT_PVID = attribute(39, u16);

/** BR_STATE_*, linux/if_bridge.h */
export const IFLA_BRPORT_STATE = attribute(1, u8);
/** Hairpin mode. */
export const IFLA_BRPORT_MODE = attribute(4, flag);
export const IFLA_BRPORT_LEARNING = attribute(8, flag);
export const IFLA_BRPORT_PROXYARP = attribute(10, flag);
export const IFLA_BRPORT_GROUP_FWD_MASK = attribute(31, u16);
export const IFLA_BRPORT_NEIGH_SUPPRESS = attribute(32, flag);
export const IFLA_BRPORT_ISOLATED = attribute(33, flag);

/** Its attributes, IFLA_*, come after a struct ifinfomsg. */
export const VETH_INFO_PEER = nest(1);
