import { CniError, errorCode } from '../ipam/error.ts';
import type { DNS, Interface, IPConfig, Result, Route } from '../ipam/result.ts';
import type { Version } from '../ipam/version.ts';
import { goJson } from './go-json.ts';

/**
 * Writes a result as the configuration's version spells it, byte for byte as Go's plugins print it: up to
 * 0.4.0 keys come in the order of the specification and `dns` is always there; from 1.0.0 keys are sorted
 * and an empty `dns` is left out. No newline at the end.
 *
 * @throws CniError code 7 when a version below 0.3.0 has no address to tell
 */
export function formatResult(result: Result, version: Version): string {
  switch (version) {
    case '0.1.0':
    case '0.2.0':
      return goJson(flatResult(result, version));
    case '0.3.0':
    case '0.3.1':
    case '0.4.0':
      return goJson(listedResult(result, version));
    case '1.0.0':
    case '1.1.0':
      return goJson(sorted(currentResult(result, version)));
  }
}

/** SPEC.md 0.2.0, "Result": the first address of each family, each with its family's routes. */
function flatResult(result: Result, cniVersion: Version): object {
  const ip4 = flatAddress(result, (address) => !address.includes(':'));
  const ip6 = flatAddress(result, (address) => address.includes(':'));
  if (ip4 === undefined && ip6 === undefined) {
    throw new CniError(
      errorCode.invalidConfig,
      'cannot convert: no valid IP addresses',
      `a result of version ${cniVersion} needs an address, and this network has no IPAM to give one`,
    );
  }
  return { cniVersion, ip4, ip6, dns: dns(result.dns) };
}

function flatAddress(result: Result, inFamily: (address: string) => boolean): object | undefined {
  const ip = result.ips.find(({ address }) => inFamily(address));
  if (ip === undefined) return undefined;
  const routes = result.routes.filter(({ dst }) => inFamily(dst)).map(({ dst, gw }) => ({ dst, gw }));
  return { ip: ip.address, gateway: ip.gateway, routes: filled(routes) };
}

/** SPEC.md 0.4.0, "Result". */
function listedResult(result: Result, cniVersion: Version): object {
  return {
    cniVersion,
    interfaces: filled(result.interfaces.map(({ name, mac, sandbox }) => ({ name, mac, sandbox }))),
    ips: filled(result.ips.map(listedAddress)),
    routes: filled(result.routes.map(route)),
    dns: dns(result.dns),
  };
}

function listedAddress(ip: IPConfig): object {
  const version = ip.address.includes(':') ? '6' : '4';
  return { version, interface: ip.interface, address: ip.address, gateway: ip.gateway };
}

/** SPEC.md 1.1.0, section 5 "Success". */
function currentResult(result: Result, cniVersion: Version): object {
  const resolver = dns(result.dns);
  return {
    cniVersion,
    dns: Object.keys(resolver).length === 0 ? undefined : resolver,
    interfaces: filled(result.interfaces.map(link)),
    ips: filled(result.ips),
    routes: filled(result.routes.map(route)),
  };
}

function link({ name, mac, mtu, sandbox, socketPath, pciID }: Interface): object {
  return { name, mac, mtu: mtu || undefined, sandbox, socketPath, pciID };
}

/** Zero means the kernel's own in `mtu`, `advmss` and `priority`, and a value in `table` and `scope`. */
function route({ dst, gw, mtu, advmss, priority, table, scope }: Route): object {
  return {
    dst,
    gw,
    mtu: mtu || undefined,
    advmss: advmss || undefined,
    priority: priority || undefined,
    table,
    scope,
  };
}

function dns({ nameservers, domain, search, options }: DNS): object {
  const all = {
    nameservers: filled(nameservers),
    domain: domain || undefined,
    search: filled(search),
    options: filled(options),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function filled<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

/** The value with the keys of every object in it sorted, as Go writes a map. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
