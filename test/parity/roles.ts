import type { Host } from '../support/host.ts';

interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  readonly address?: string;
  readonly link?: string;
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string };
}

/** Replaces random names and addresses by their roles. */
export type Roles = (text: string) => string;

/**
 * Learns who is who on a host: a veth is identified by its other end, a MAC address by its link. What the configuration
 * names stays as it is.
 * @param given the configuration and the arguments, as text
 */
export function learnRoles(host: Host, containers: readonly string[], given: string): Roles {
  const links = host.json<Link[]>('ip -j -d link');
  const names = new Map<string, string>();
  const macs = new Map<string, string>();
  const note = (mac: string | undefined, role: string) => {
    if (mac === undefined || /^00:00:00:00:00:00$/.test(mac) || given.includes(mac)) return;
    if (!macs.has(mac)) macs.set(mac, `<MAC of ${role}>`);
  };
  const inside = containers.flatMap((container) =>
    host
      .json<Link[]>(`ip -n ${container} -j -d link 2>/dev/null || true`)
      .map((link) => ({ container, ...link })),
  );
  for (const link of links) {
    const far = inside.find(
      (one) =>
        one.linkinfo?.info_kind === 'veth' && one.link_index === link.ifindex && one.link === undefined,
    );
    // A configuration may give a host veth a name of its own.
    if (far === undefined && !/^veth[0-9a-f]{8}$/.test(link.ifname)) continue;
    const end = far === undefined ? link.link : `${far.container} ${far.ifname}`;
    names.set(link.ifname, `<veth of ${end ?? 'nobody'}>`);
  }
  // A bridge without an address of its own has that of a port: ports come first, so that it shows.
  const isBridge = ({ linkinfo }: Link) => linkinfo?.info_kind === 'bridge';
  for (const link of links.filter((one) => !isBridge(one))) {
    note(link.address, names.get(link.ifname) ?? link.ifname);
  }
  for (const { container, ifname, address } of inside) note(address, `${container} ${ifname}`);
  for (const link of links.filter(isBridge)) note(link.address, link.ifname);
  const all = [...names, ...macs];
  return (text) => all.reduce((changed, [word, role]) => changed.replaceAll(word, role), text);
}
