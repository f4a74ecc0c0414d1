/** One configuration, and what a runtime asks of a plugin with it. What is left out is as in `common`. */
export interface Row {
  readonly name: string;
  /** Laid over the common configuration; undefined takes a key away. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** In place of the whole configuration. */
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
  /** Done on the host after the first CHECK, to make a second one find it out. */
  readonly tamper?: string;
  /** Done on the host before the DEL. */
  readonly gone?: string;
  /** The version of the Go plugin that first knows what is asked for. */
  readonly since?: string;
  /** The code of our error, where the Go plugin has 999 for whatever went wrong. */
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
