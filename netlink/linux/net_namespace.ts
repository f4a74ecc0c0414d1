/** linux/net_namespace.h */
import { attribute } from '../attribute.ts';
import { s32, u32 } from '../format.ts';

/** NETNSA_NSID_NOT_ASSIGNED, -1, where the namespace has no id in the one that is asked. */
export const NETNSA_NSID = attribute(1, s32);
export const NETNSA_FD = attribute(3, u32);
