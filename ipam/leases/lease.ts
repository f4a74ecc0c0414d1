import type { Attachment } from '../../cni/attachment.ts';

/** Whose an address is, as its file says. */
export interface Lease {
  readonly containerID: string;
  /** Empty in the oldest format, which has the container ID alone. */
  readonly ifname: string;
}

/** A container ID as the CNI specification allows it. */
const containerIDPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The content of a lease file: `<containerID>\r\n<ifname>`, to the byte what the Go host-local writes. */
export function formatLease({ containerID, ifname }: Pick<Attachment, 'containerID' | 'ifname'>): string {
  return `${containerID}\r\n${ifname}`;
}

/**
 * Reads the content of a lease file, white space around it allowed. Undefined for content without a container ID,
 * such as a crash leaves: an empty file, or one of zeros.
 */
export function parseLease(text: string): Lease | undefined {
  const [containerID = '', ifname = ''] = text.trim().split(/\r?\n/);
  return containerIDPattern.test(containerID) ? { containerID, ifname } : undefined;
}

/** Whose a lease is, for a person to read: `container c1 interface eth0`. */
export function describeOwner({ containerID, ifname }: Lease): string {
  return `container ${containerID}${ifname === '' ? '' : ` interface ${ifname}`}`;
}
