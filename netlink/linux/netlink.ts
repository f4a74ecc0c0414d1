/** linux/netlink.h */
import { attribute } from '../attribute.ts';
import { s32, text, u16, u32 } from '../format.ts';
import { struct } from '../struct.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** struct nlmsghdr */
export const nlmsghdr = struct({
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
/** Of get requests: NLM_F_ROOT and NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** Of new requests. */
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** Of acknowledgements: the request's payload is not repeated. */
export const NLM_F_CAPPED = 0x100;
/** Of acknowledgements: attributes follow. */
export const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** struct nlmsgerr, less the nlmsghdr of the request at its end */
export const nlmsgerr = struct({ error: s32 });
export const NLMSGERR_ATTR_MSG = attribute(1, text);

/** SOL_NETLINK's options */
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;
