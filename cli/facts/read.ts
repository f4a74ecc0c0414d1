import { type Connection, openRoute } from '../../netlink/connection.ts';
import { fileErrorCode, isErrno, messageOf } from '../../netlink/error.ts';
import { listEveryAddress } from '../../netlink/route/address-list.ts';
import { listLegacySources } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import { ownTable } from '../../plugin/netfilter/masquerade/own-table.ts';
import { readConfigurations } from './configurations.ts';
import { readFarEnds, unclearVeths } from './far-ends.ts';
import { readLeaseDirectories } from './leases.ts';
import { readLinks, readVlans } from './links.ts';
import { readNetfilter } from './netfilter.ts';
import type { ConfiguredNetwork, LeaseDirectory, Missing, Netfilter, Raw } from './raw.ts';

/** Where on the host things are. */
export interface Places {
  /** The directory of configurations. */
  readonly confDir: string;
  /** Directories with a directory of leases for each network; those of the configurations come in addition. */
  readonly dataDirs: readonly string[];
}

export const usualPlaces: Places = { confDir: '/etc/cni/net.d', dataDirs: ['/var/lib/cni/networks'] };

function reason(error: unknown): string {
  if (isErrno(error, 'EPERM')) return `needs root (${error.capability})`;
  const code = fileErrorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return 'needs root';
  return messageOf(error);
}

/** Reads what can be read, and notes what can't. */
export class Reading {
  readonly missing: Missing[] = [];

  attempt<T, D>(what: string, read: () => T, otherwise: D): T | D {
    try {
      return read();
    } catch (error) {
      this.missing.push({ what, why: reason(error) });
      return otherwise;
    }
  }

  leases(places: Places, configured: readonly ConfiguredNetwork[]): LeaseDirectory[] {
    const own = configured.flatMap(({ config }) => config?.ipam?.hostLocal.dataDir || []);
    const dataDirs = [...new Set([...places.dataDirs, ...own])];
    const found = dataDirs.flatMap((dataDir) =>
      this.attempt(`leases in ${dataDir}`, () => readLeaseDirectories(dataDir), []),
    );
    const closed = found.filter(({ leases }) => leases.some(({ fault }) => fault === 'EACCES'));
    for (const { path } of closed) {
      this.missing.push({ what: `whose the addresses in ${path} are`, why: 'needs root' });
    }
    return found;
  }

  netfilter(configured: readonly ConfiguredNetwork[]): Netfilter | undefined {
    const found = this.attempt('masquerading and spoof checks', readNetfilter, undefined);
    if (found === undefined) return undefined;
    const names = new Set(found.tables.map(({ name }) => name));
    // By default iptables takes the place of nftables only where the kernel can't.
    const mayBeLegacy = configured.some(
      ({ name, config }) =>
        config?.ipMasq === true && config.ipMasqBackend !== 'nftables' && !names.has(ownTable(name).name),
    );
    if (!mayBeLegacy) return found;
    const legacy = this.attempt('masquerading by legacy iptables', listLegacySources, []);
    return { ...found, sources: [...found.sources, ...legacy] };
  }
}

/**
 * Reads the host: one dump for each kind of thing, one file for each lease, however many containers there are. Only
 * containers of which nothing on the host tells the addresses are looked into.
 * @param more networks beside those of the directory of configurations
 * @throws SystemError where there is no rtnetlink
 */
export function readHost(places: Places = usualPlaces, more: readonly ConfiguredNetwork[] = []): Raw {
  const host: Connection = openRoute();
  const reading = new Reading();
  try {
    const links = reading.attempt('links', () => readLinks(host), []);
    const found = reading.attempt(
      `configurations in ${places.confDir}`,
      () => readConfigurations(places.confDir),
      [],
    );
    const configured = [...found, ...more];
    const directories = reading.leases(places, configured);
    const veths = unclearVeths({ links, directories, configured });
    return {
      links,
      addresses: reading.attempt('addresses', () => listEveryAddress(host), []),
      vlans: reading.attempt('VLANs', () => readVlans(host, links), new Map()),
      netfilter: reading.netfilter(configured),
      directories,
      configured,
      farEnds: reading.attempt('addresses in containers', () => readFarEnds(host, veths), []),
      missing: reading.missing,
    };
  } finally {
    host.close();
  }
}
