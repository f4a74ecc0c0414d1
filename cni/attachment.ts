/** One interface of one container on one network ("Attachment" in SPEC.md): the owner of a lease or a veth. */
export interface Attachment {
  readonly network: string;
  readonly containerID: string;
  readonly ifname: string;
}

/** A request's attachment: the network's name is in the configuration, the rest in the environment. */
export function attachmentOf(
  network: string,
  { containerID, ifname }: Pick<Attachment, 'containerID' | 'ifname'>,
): Attachment {
  return { network, containerID, ifname };
}
