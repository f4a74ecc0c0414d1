import { labelPrefix } from '../../plugin/attach/owner.ts';

/** What the alias of a host veth, or the comment of a map element, says of whose it is. */
export interface Label {
  /** Network, container ID and interface, as an owner's label has them: without the pod. */
  readonly owner: string;
  /** Abbreviated where it is long, as the container ID is. */
  readonly network: string;
  readonly containerID: string;
  /** Empty where the label is cut short, as may be the two before it. */
  readonly ifname: string;
  /** `namespace/name` of the pod; empty where none is known. */
  readonly pod: string;
}

/** Reads a label as far as it goes; undefined for a text that isn't one. */
export function parseLabel(text: string): Label | undefined {
  if (!text.startsWith(labelPrefix)) return undefined;
  const [network = '', containerID = '', ifname = '', pod = ''] = text.slice(labelPrefix.length).split(' ');
  const owner = labelPrefix + [network, containerID, ifname].join(' ');
  return { owner, network, containerID, ifname, pod };
}
