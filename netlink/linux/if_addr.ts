/** linux/if_addr.h */
import { attribute } from '../attribute.ts';
import { ip, u8, u32 } from '../format.ts';
import { struct } from '../struct.ts';

/** struct ifaddrmsg */
export const ifaddrmsg = struct({
  ifa_family: u8,
  ifa_prefixlen: u8,
  ifa_flags: u8,
  ifa_scope: u8,
  ifa_index: u32,
});

export const IFA_ADDRESS = attribute(1, ip);
export const IFA_LOCAL = attribute(2, ip);
export const IFA_BROADCAST = attribute(4, ip);
export const IFA_FLAGS = attribute(8, u32);

export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;
