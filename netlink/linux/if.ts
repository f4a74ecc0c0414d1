/** linux/if.h */

/** Of ifi_flags: the link is administratively up. */
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_PROMISC = 0x100;

/** Of IFLA_OPERSTATE (RFC 2863): the link is up and can pass packets. */
export const IF_OPER_UP = 6;
