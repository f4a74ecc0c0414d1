import type { Attachment } from '../../../cni/attachment.ts';
import { hashDigits } from '../../attach/hash.ts';

// The names that the Go plugin masquerades under, so that each plugin can remove what the other made.

/** A container's chain, as opposed to those of other plugins that begin alike. */
const chainPattern = /^CNI-[0-9a-f]{24}$/;

/** Whether an iptables chain is a container's. */
export function isContainerChain(chain: string): boolean {
  return chainPattern.test(chain);
}

/** The iptables chain of a container on a network, which all of its interfaces there share. */
export function containerChain({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `CNI-${hashDigits(network + containerID, 24)}`;
}

/** How the comments of a network's iptables rules begin. */
export function networkComment(network: string): string {
  return `name: "${network}" id: "`;
}

/** The comment of a container's iptables rules. Neither name can contain a quote or a backslash. */
export function containerComment({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `${networkComment(network)}${containerID}"`;
}

/** How the comments of a network's rules begin in the Go plugin's nftables table. */
export function goNetworkPrefix(network: string): string {
  return `${hashDigits(network, 16)}-`;
}

/** The length of a {@link goPrefix}. */
export const goPrefixLength = 33;

/** How the comments of an attachment's rules begin there. */
export function goPrefix({ network, containerID, ifname }: Attachment): string {
  return `${goNetworkPrefix(network)}${hashDigits(`${ifname}:${containerID}`, 16)}`;
}
