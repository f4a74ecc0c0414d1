import type { Attachment } from '../../cni/attachment.ts';

/** The owner of an address, according to its file. */
export interface Lease {
  readonly containerID: string;
  /** Empty in the oldest format, which has only the container ID. */
  readonly ifname: string;
}

/** A container ID that the CNI specification allows. */
const containerIDPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The content of a lease file: `<containerID>\r\n<ifname>`, exactly what the Go host-local writes. */
export function formatLease({ containerID, ifname }: Pick<Attachment, 'containerID' | 'ifname'>): string {
  return `${containerID}\r\n${ifname}`;
}

/**
 * Parses the content of a lease file, with white space around it allowed. Undefined for content without a container ID,
 * such as a crash leaves: nothing, or zeros.
 */
export function parseLease(text: string): Lease | undefined {
  const [containerID = '', ifname = ''] = text.trim().split(/\r?\n/);
  return containerIDPattern.test(containerID) ? { containerID, ifname } : undefined;
}

/** A lease's owner, for a person to read: `container c1 interface eth0`. */
export function describeOwner({ containerID, ifname }: Lease): string {
  return `container ${containerID}${ifname === '' ? '' : ` interface ${ifname}`}`;
}
