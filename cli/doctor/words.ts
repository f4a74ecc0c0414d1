import type { AttachmentFacts } from '../facts/facts.ts';
import { shortID } from '../facts/summary.ts';

/** `container c1 eth0` */
export function containerWords({ containerID, ifname }: AttachmentFacts): string {
  return `container ${shortID(containerID)} ${ifname}`;
}

/** `1 lease`, `2 leases` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
