/** One interface of one container on one network ("Attachment" in SPEC.md): what a lease or a veth belongs to. */
export interface Attachment {
  readonly network: string;
  readonly containerID: string;
  readonly ifname: string;
}
