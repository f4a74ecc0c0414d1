/** linux/neighbour.h */
import { attribute } from '../attribute.ts';
import { mac, s32, u8, u16, u32 } from '../format.ts';
import { struct } from '../struct.ts';

/** struct ndmsg */
export const ndmsg = struct({
  ndm_family: u8,
  ndm_pad1: u8,
  ndm_pad2: u16,
  ndm_ifindex: s32,
  ndm_state: u16,
  ndm_flags: u8,
  ndm_type: u8,
});

/** In ndm_state: an entry that does not age. */
export const NUD_NOARP = 0x40;
/** In ndm_flags: an entry of the bridge that has the link as a port. */
export const NTF_MASTER = 0x04;

export const NDA_LLADDR = attribute(2, mac);
export const NDA_MASTER = attribute(9, u32);
