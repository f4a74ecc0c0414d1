import type { HostLink, LeaseFact, MasqueradeTable, Netfilter, Raw } from '../../../../cli/facts/raw.ts';

/** A link with what matters said, all else as usual. */
export function link(one: Partial<HostLink> & Pick<HostLink, 'index' | 'name'>): HostLink {
  return {
    kind: 'veth',
    mac: `02:00:00:00:00:${one.index.toString(16).padStart(2, '0')}`,
    mtu: 1500,
    up: true,
    operational: true,
    master: 0,
    alias: '',
    peer: 2,
    peerNamespaceId: one.index,
    ...one,
  };
}

/** A lease of a network in the usual directory. */
export function lease(network: string, address: string, containerID: string, ifname = 'eth0'): LeaseFact {
  const file = `/var/lib/cni/networks/${network}/${address}`;
  return { address, file, containerID, ifname, time: 1000, fault: undefined };
}

/** A network's masquerading: owners by their addresses. */
export function table(network: string, owners: Readonly<Record<string, string>>): MasqueradeTable {
  const elements = Object.entries(owners).map(([address, owner]) => ({
    address,
    owner,
    chain: 'masquerade',
  }));
  return { name: `cni-bridge-${network}`, elements };
}

/** Netfilter with these things, and nothing else. */
export function netfilter(some: Partial<Netfilter>): Netfilter {
  return { tables: [], sources: [], goPrefixes: new Set(), spoofChecks: new Set(), ...some };
}

/** A host with these things, and nothing else. */
export function raw(some: Partial<Raw>): Raw {
  return {
    links: [],
    addresses: [],
    vlans: new Map(),
    netfilter: netfilter({}),
    directories: [],
    configured: [],
    farEnds: [],
    missing: [],
    ...some,
  };
}
