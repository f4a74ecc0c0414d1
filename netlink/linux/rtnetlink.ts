/** linux/rtnetlink.h */
import { attribute, nest, plainNest } from '../attribute.ts';
import { bytes, ip, s32, u8, u16, u32 } from '../format.ts';
import { struct } from '../struct.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_GETNEIGH = 30;
export const RTM_GETNSID = 90;

/** AF_BRIDGE, linux/socket.h */
export const AF_BRIDGE = 7;

/** struct ifinfomsg; attributes: IFLA_*, linux/if_link.h */
export const ifinfomsg = struct({
  ifi_family: u8,
  ifi_pad: u8,
  ifi_type: u16,
  ifi_index: s32,
  ifi_flags: u32,
  ifi_change: u32,
});

/** struct rtgenmsg */
export const rtgenmsg = struct({ rtgen_family: u8 });

/** Of IFLA_EXT_MASK: VLANs come as ranges. */
export const RTEXT_FILTER_BRVLAN_COMPRESSED = 0x4;
/** Of IFLA_EXT_MASK: no statistics, which are most of a link's message. */
export const RTEXT_FILTER_SKIP_STATS = 0x8;

/** struct rtmsg; attributes: RTA_* */
export const rtmsg = struct({
  rtm_family: u8,
  rtm_dst_len: u8,
  rtm_src_len: u8,
  rtm_tos: u8,
  rtm_table: u8,
  rtm_protocol: u8,
  rtm_scope: u8,
  rtm_type: u8,
  rtm_flags: u32,
});

export const RTA_DST = attribute(1, ip);
export const RTA_OIF = attribute(4, u32);
export const RTA_GATEWAY = attribute(5, ip);
export const RTA_PRIORITY = attribute(6, u32);
export const RTA_METRICS = nest(8);
/** Of struct rtnexthop, each with attributes of its own. */
export const RTA_MULTIPATH = plainNest(9);
export const RTA_CACHEINFO = attribute(12, bytes);
export const RTA_TABLE = attribute(15, u32);

// Within RTA_METRICS:
export const RTAX_MTU = attribute(2, u32);
export const RTAX_ADVMSS = attribute(8, u32);

/** struct rtnexthop; attributes: RTA_* */
export const rtnexthop = struct({ rtnh_len: u16, rtnh_flags: u8, rtnh_hops: u8, rtnh_ifindex: s32 });
/** The only flag of a next hop or a route that is a setting and not state. */
export const RTNH_F_ONLINK = 4;

export const RT_TABLE_MAIN = 254;
/** In rtm_table: the number is above 255, and only in RTA_TABLE. */
export const RT_TABLE_COMPAT = 252;
/** The kernel adds and removes it with an address or a link. */
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
export const RTN_UNICAST = 1;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;

/** Multicast groups: of links, of IPv6 addresses. */
export const RTNLGRP_LINK = 1;
export const RTNLGRP_IPV6_IFADDR = 9;
