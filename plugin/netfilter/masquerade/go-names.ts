import type { Attachment } from '../../../cni/attachment.ts';
import { hashDigits } from '../../attach/hash.ts';
import { ownerLabel } from '../../attach/owner.ts';

// The names that the Go plugin uses, so that each plugin can remove what the other made.

/** A container's chain, as opposed to other plugins' chains with the same prefix. */
const chainPattern = /^CNI-[0-9a-f]{24}$/;

/** Whether an iptables chain is a container's. */
export function isContainerChain(chain: string): boolean {
  return chainPattern.test(chain);
}

/** The iptables chain of a container on a network, which all of its interfaces there share. */
export function containerChain({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `CNI-${hashDigits(network + containerID, 24)}`;
}

/** The prefix of the comments on a network's iptables rules. */
export function networkComment(network: string): string {
  return `name: "${network}" id: "`;
}

/** The comment on a container's iptables rules. Neither name can contain a quote or a backslash. */
export function containerComment({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return `${networkComment(network)}${containerID}"`;
}

/** The label of ours on the rules of a container's chain, whichever interfaces share it: `cni <network> <container ID>`. */
export function chainLabel({ network, containerID }: Omit<Attachment, 'ifname'>): string {
  return ownerLabel({ network, containerID, ifname: '' }).trimEnd();
}

/** The container of a comment of {@link containerComment}; undefined for any other, and for one that is cut short. */
export function containerOfComment(comment: string): Omit<Attachment, 'ifname'> | undefined {
  const [, network, containerID] = /^name: "([^"]*)" id: "([^"]*)"$/.exec(comment) ?? [];
  return network === undefined || containerID === undefined ? undefined : { network, containerID };
}

/** The prefix of the comments on a network's rules in the Go plugin's nftables table. */
export function goNetworkPrefix(network: string): string {
  return `${hashDigits(network, 16)}-`;
}

/** The length of a {@link goPrefix}. */
export const goPrefixLength = 33;

/** The prefix of the comments on an attachment's rules there. */
export function goPrefix({ network, containerID, ifname }: Attachment): string {
  return `${goNetworkPrefix(network)}${hashDigits(`${ifname}:${containerID}`, 16)}`;
}
