/** A box of the picture. Its words are printable. */
export interface Box {
  readonly title: string;
  readonly lines: readonly string[];
  readonly faults: readonly string[];
  /** Whether it is others', which the plugin never touches. */
  readonly isOthers: boolean;
}

/** What is at a port of a bridge: a container's interface, or a link of others. */
export interface Port extends Pick<Box, 'title' | 'faults' | 'isOthers'> {
  /** Name of the port on the host; empty where none is known. */
  readonly link: string;
  /** Whole; the same for all interfaces of one container, empty for others. */
  readonly containerID: string;
  /** In the container. */
  readonly ifname: string;
  readonly addresses: readonly string[];
}

/** The ports of a bridge that are in the same VLANs. */
export interface Vlan {
  /** `10`, `10 20-29t`; empty where there is nothing to say. */
  readonly name: string;
  /** The link that has the VLAN's gateway address, and its addresses; empty for none. */
  readonly gateway: string;
  readonly ports: readonly Port[];
}

/** Title of the box for what is at no bridge. */
export const nowhere = 'no bridge';

/** A bridge. */
export interface Bridge extends Box {
  /** Names of the networks that use it. */
  readonly networks: readonly string[];
  /** How the host passes its packets on: `masqueraded`, `routed`; empty where it doesn't. */
  readonly passage: string;
  readonly vlans: readonly Vlan[];
}

/** A host's networks, as every printer draws them: uplinks, the host that routes, bridges, what is at their ports. */
export interface Picture {
  /** Name of the host. */
  readonly host: string;
  readonly uplinks: readonly Box[];
  readonly bridges: readonly Bridge[];
}

/** An interface in the container and its addresses, in lines. */
export function portLines({ ifname, addresses }: Port): string[] {
  const [first = '', ...more] = addresses;
  return [`${ifname} ${first}`.trim(), ...more].filter((line) => line !== '');
}

/** A VLAN in words. */
export function vlanLines({ name, gateway }: Vlan): string[] {
  return [`VLAN ${name}`, ...(gateway === '' ? [] : [`gateway ${gateway}`])];
}
