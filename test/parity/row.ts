/** One configuration, and how a runtime calls a plugin with it. What is left out is as in `common`. */
export interface Row {
  readonly name: string;
  /** Merged into the common configuration; undefined removes a key. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** Replaces the whole configuration. */
  readonly stdin?: string;
  /** CNI_ARGS */
  readonly args?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly ifname?: string;
  readonly containerID?: string;
  /** Done on the host before the ADD. */
  readonly before?: string;
  /** A second container, c2, is added after the first and deleted after it. */
  readonly second?: true;
  /** Done on the host after the first CHECK, for a second one to find. */
  readonly tamper?: string;
  /** Done on the host before the DEL. */
  readonly gone?: string;
  /** The first version of the Go plugin with this option. */
  readonly since?: string;
  /** The code of our error; the Go plugin uses 999 for everything. */
  readonly code?: number;
  /** Needs a kernel that filters VLANs. */
  readonly vlan?: true;
}

const common = {
  cniVersion: '1.0.0',
  name: 'net',
  type: 'bridge',
  bridge: 'br0',
  ipam: { type: 'host-local', subnet: '10.1.0.0/24' },
};

/** The configuration of a row. */
export function confOf({ conf = {} }: Row): Record<string, unknown> {
  return { ...common, ...conf };
}
