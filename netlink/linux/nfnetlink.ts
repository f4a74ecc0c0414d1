/** linux/netfilter/nfnetlink.h and linux/netfilter.h */
import { attribute } from '../attribute.ts';
import { be16, be32, u8 } from '../format.ts';
import { struct } from '../struct.ts';

/** struct nfgenmsg */
export const nfgenmsg = struct({ nfgen_family: u8, version: u8, res_id: be16 });

/** enum nfnetlink_groups */
export const NFNLGRP_NFTABLES = 7;

export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;
export const NFNL_BATCH_GENID = attribute(1, be32);

export const NFPROTO_UNSPEC = 0;
export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
export const NFPROTO_BRIDGE = 7;
export const NFPROTO_IPV6 = 10;

/** NF_INET_*; NF_BR_* (linux/netfilter_bridge.h) are alike */
export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_FORWARD = 2;
export const NF_INET_POST_ROUTING = 4;
