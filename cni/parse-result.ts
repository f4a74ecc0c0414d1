import { type CIDR, type IP, parseCIDR, parseIP } from '../netlink/ip.ts';
import { CniError, errorCode } from './error.ts';
import { isObject, type JsonObject } from './json.ts';
import type { DNS, Interface, IPConfig, Result, Route } from './result.ts';
import { atLeast, isSupported } from './version.ts';

/**
 * Reads a result of any supported version, as a delegate prints it or a runtime hands it back in `prevResult`. By the
 * specification a missing `cniVersion` means 0.1.0, but some plugins leave it out, so `ips` or `interfaces` then mean
 * the later shape.
 *
 * @throws CniError code 6 that names the key and the value
 */
export function parseResult(json: unknown): Result {
  const result = objectAt('', json);
  return isFlat(result) ? parseFlat(result) : parseListed(result);
}

/** Whether it has the shape of 0.1.0 and 0.2.0, with `ip4` and `ip6`. */
function isFlat(result: JsonObject): boolean {
  const version = textAt('cniVersion', result.cniVersion) ?? '';
  if (version === '') return !isPresent(result.ips) && !isPresent(result.interfaces);
  if (!isSupported(version)) throw bad('cniVersion', 'must be a supported version', version);
  return !atLeast(version, '0.3.0');
}

function parseFlat(result: JsonObject): Result {
  const ips: IPConfig[] = [];
  const routes: Route[] = [];
  for (const key of ['ip4', 'ip6']) {
    const value = result[key];
    if (!isPresent(value)) continue;
    const ip = objectAt(key, value);
    ips.push({
      address: cidrAt(`${key}.ip`, ip.ip),
      ...present('gateway', ipAt(`${key}.gateway`, ip.gateway)),
    });
    routes.push(...listAt(`${key}.routes`, ip.routes).map((item, i) => routeAt(`${key}.routes[${i}]`, item)));
  }
  return { interfaces: [], ips, routes, dns: dnsAt('dns', result.dns) };
}

function parseListed(result: JsonObject): Result {
  const interfaces = listAt('interfaces', result.interfaces).map((item, i) =>
    interfaceAt(`interfaces[${i}]`, item),
  );
  return {
    interfaces,
    ips: listAt('ips', result.ips).map((item, i) => ipConfigAt(`ips[${i}]`, item)),
    routes: listAt('routes', result.routes).map((item, i) => routeAt(`routes[${i}]`, item)),
    dns: dnsAt('dns', result.dns),
  };
}

function interfaceAt(where: string, value: unknown): Interface {
  const link = objectAt(where, value);
  const name = textAt(`${where}.name`, link.name);
  if (name === undefined) throw bad(`${where}.name`, 'must be a string', link.name);
  return {
    name,
    ...present('mac', textAt(`${where}.mac`, link.mac)),
    ...present('mtu', countAt(`${where}.mtu`, link.mtu)),
    ...present('sandbox', textAt(`${where}.sandbox`, link.sandbox)),
    ...present('socketPath', textAt(`${where}.socketPath`, link.socketPath)),
    ...present('pciID', textAt(`${where}.pciID`, link.pciID)),
  };
}

function ipConfigAt(where: string, value: unknown): IPConfig {
  const ip = objectAt(where, value);
  return {
    address: cidrAt(`${where}.address`, ip.address),
    ...present('gateway', ipAt(`${where}.gateway`, ip.gateway)),
    ...present('interface', countAt(`${where}.interface`, ip.interface)),
  };
}

function routeAt(where: string, value: unknown): Route {
  const route = objectAt(where, value);
  return {
    dst: cidrAt(`${where}.dst`, route.dst),
    ...present('gw', ipAt(`${where}.gw`, route.gw)),
    ...present('mtu', countAt(`${where}.mtu`, route.mtu)),
    ...present('advmss', countAt(`${where}.advmss`, route.advmss)),
    ...present('priority', countAt(`${where}.priority`, route.priority)),
    ...present('table', countAt(`${where}.table`, route.table)),
    ...present('scope', countAt(`${where}.scope`, route.scope)),
  };
}

function dnsAt(where: string, value: unknown): DNS {
  if (!isPresent(value)) return {};
  const dns = objectAt(where, value);
  return {
    ...present('nameservers', textsAt(`${where}.nameservers`, dns.nameservers)),
    ...present('domain', textAt(`${where}.domain`, dns.domain)),
    ...present('search', textsAt(`${where}.search`, dns.search)),
    ...present('options', textsAt(`${where}.options`, dns.options)),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const entry: { [key in K]?: V } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function objectAt(where: string, value: unknown): JsonObject {
  if (!isObject(value)) throw bad(where, 'must be an object', value);
  return value;
}

function listAt(where: string, value: unknown): readonly unknown[] {
  if (!isPresent(value)) return [];
  if (!Array.isArray(value)) throw bad(where, 'must be a list', value);
  return value;
}

/** A non-empty text: an empty one counts as absent, as it does in Go. */
function textAt(where: string, value: unknown): string | undefined {
  if (!isPresent(value) || value === '') return undefined;
  if (typeof value !== 'string') throw bad(where, 'must be a string', value);
  return value;
}

function textsAt(where: string, value: unknown): readonly string[] | undefined {
  const list = listAt(where, value).map((item, i) => {
    if (typeof item !== 'string') throw bad(`${where}[${i}]`, 'must be a string', item);
    return item;
  });
  return list.length === 0 ? undefined : list;
}

function countAt(where: string, value: unknown): number | undefined {
  if (!isPresent(value)) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw bad(where, 'must be an integer from 0 to 4294967295', value);
  }
  return value;
}

function cidrAt(where: string, value: unknown): CIDR {
  const cidr = parseCIDR(textAt(where, value) ?? '');
  if (cidr === undefined) throw bad(where, 'must be an address with a prefix length', value);
  return cidr;
}

function ipAt(where: string, value: unknown): IP | undefined {
  const text = textAt(where, value);
  if (text === undefined) return undefined;
  const ip = parseIP(text);
  if (ip === undefined) throw bad(where, 'must be an IP address', value);
  return ip;
}

function bad(where: string, rule: string, value: unknown): CniError {
  const key = where === '' ? '' : `${where}: `;
  const found = value === undefined ? 'but is missing' : `not ${JSON.stringify(value).slice(0, 80)}`;
  return new CniError(errorCode.decoding, `invalid result: ${key}${rule}, ${found}`);
}
