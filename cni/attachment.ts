/** One interface of one container on one network ("Attachment" in SPEC.md): what a lease or a veth belongs to. */
export interface Attachment {
  readonly network: string;
  readonly containerID: string;
  readonly ifname: string;
}

/** The attachment that a request is about: a runtime names the network in the configuration, the rest beside it. */
export function attachmentOf(
  network: string,
  { containerID, ifname }: Pick<Attachment, 'containerID' | 'ifname'>,
): Attachment {
  return { network, containerID, ifname };
}
