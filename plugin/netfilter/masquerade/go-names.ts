import type { Attachment } from '../../../cni/attachment.ts';
import { hashDigits } from '../../attach/hash.ts';

// The names under which the Go plugin masquerades, so that each can take away what the other made.

/** What the chain of a container looks like, to tell it from those of other plugins that begin alike. */
const chainPattern = /^CNI-[0-9a-f]{24}$/;

/** Whether an iptables chain is that of a container. */
export function isContainerChain(chain: string): boolean {
  return chainPattern.test(chain);
}

/** The iptables chain of a container on a network; all of its interfaces there share it. */
export function containerChain({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `CNI-${hashDigits(network + containerID, 24)}`;
}

/** What the comment of each iptables rule of a network begins with. */
export function networkComment(network: string): string {
  return `name: "${network}" id: "`;
}

/** The comment of a container's iptables rules. Neither name can have a quote or a backslash in it. */
export function containerComment({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `${networkComment(network)}${containerID}"`;
}

/** What the comment of each rule of a network begins with in the Go plugin's nftables chain. */
export function referenceNetworkPrefix(network: string): string {
  return `${hashDigits(network, 16)}-`;
}

/** How long what {@link referencePrefix} gives is. */
export const referencePrefixLength = 33;

/** What the comment of each rule of an attachment begins with there. */
export function referencePrefix({ network, containerID, ifname }: Attachment): string {
  return `${referenceNetworkPrefix(network)}${hashDigits(`${ifname}:${containerID}`, 16)}`;
}
