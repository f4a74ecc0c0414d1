import { type Attachment, attachmentOf } from '../../cni/attachment.ts';
import { hashDigits } from './hash.ts';

/** The kernel limits an ifalias to 255 bytes, and a comment's userdata to 256 with its header. */
const longest = { network: 80, containerID: 140 } as const;

/** A text cut to at most `length` characters; if it is cut, it ends in a hash of the whole, so that it stays unique. */
export function abbreviate(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 17)}~${hashDigits(text, 16)}`;
}

/** What every label begins with. */
export const labelPrefix = 'cni ';

/** What every label of a network's attachments begins with. */
export function networkLabel(network: string): string {
  return `${labelPrefix}${abbreviate(network, longest.network)} `;
}

/**
 * Who owns a host veth (its ifalias) or a map element (its comment), for a person and for a later DEL or GC: `cni
 * <network> <container ID> <interface>`.
 */
export function ownerLabel({ network, containerID, ifname }: Attachment): string {
  return `${networkLabel(network)}${abbreviate(containerID, longest.containerID)} ${ifname}`;
}

/** The kernel's bound on an ifalias, in bytes (IFALIASZ). */
const longestAlias = 255;

/**
 * The alias of a host veth: its owner's label and, for a person, the pod behind it, as much as there is room for.
 * @param pod `namespace/name`, in ASCII; empty for none
 */
export function vethAlias(owner: string, pod: string): string {
  return pod === '' ? owner : `${owner} ${pod}`.slice(0, longestAlias);
}

/** Whether the alias of a host veth is that of an owner, whatever pod it tells. */
export function isAliasOf(owner: string, alias: string): boolean {
  return alias === owner || alias.startsWith(`${owner} `);
}

/** The owner's label in the alias of a host veth. */
export function ownerInAlias(alias: string): string {
  // Its four words have no space in them.
  let end = -1;
  for (let word = 0; word < 4; word++) {
    end = alias.indexOf(' ', end + 1);
    if (end < 0) return alias;
  }
  return alias.slice(0, end);
}

/** The attachments of a network that a GC keeps. */
export interface Kept {
  readonly network: string;
  readonly attachments: readonly Attachment[];
  /** Their {@link ownerLabel}s. */
  readonly labels: ReadonlySet<string>;
}

/** What a GC keeps, given its list of valid attachments. */
export function keptOf(network: string, valid: readonly Pick<Attachment, 'containerID' | 'ifname'>[]): Kept {
  const attachments = valid.map((one) => attachmentOf(network, one));
  return { network, attachments, labels: new Set(attachments.map(ownerLabel)) };
}
