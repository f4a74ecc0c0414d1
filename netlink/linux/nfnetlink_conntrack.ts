/** linux/netfilter/nfnetlink_conntrack.h */
import { attribute, nest } from '../attribute.ts';
import { bytes, u32 } from '../format.ts';

export const IPCTNL_MSG_CT_GET = 1;
export const IPCTNL_MSG_CT_DELETE = 2;
export const IPCTNL_MSG_CT_GET_STATS = 5;

export const CTA_TUPLE_ORIG = nest(1);
export const CTA_TUPLE_REPLY = nest(2);
/** Copied as it came, as are all without a format of their own. */
export const CTA_ID = attribute(12, bytes);
export const CTA_ZONE = attribute(18, bytes);
/** Since Linux 5.8; older kernels ignore it. */
export const CTA_FILTER = nest(25);

// Within CTA_FILTER, each CTA_FILTER_F_* of what a tuple must have in common with that of the request:
export const CTA_FILTER_ORIG_FLAGS = attribute(1, u32);
export const CTA_FILTER_REPLY_FLAGS = attribute(2, u32);
export const CTA_FILTER_F_CTA_IP_SRC = 0x1;

// Within CTA_TUPLE_ORIG and CTA_TUPLE_REPLY:
export const CTA_TUPLE_IP = nest(1);

// Within CTA_TUPLE_IP, in network byte order:
export const CTA_IP_V4_SRC = attribute(1, bytes);
export const CTA_IP_V6_SRC = attribute(3, bytes);
