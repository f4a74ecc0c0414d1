import { encodeText } from '../netlink/bytes.ts';
import { type Family, family, formatCIDR, formatIP, type IP } from '../netlink/ip.ts';
import type { DNS, Interface, IPConfig, Result, Route } from './result.ts';
import { atLeast, type Version } from './version.ts';

/** What Go's encoder escapes beyond what JSON requires, and the first byte of each in UTF-8. */
const escaped: readonly [character: string, byte: number][] = [
  ['<', 0x3c],
  ['>', 0x3e],
  ['&', 0x26],
  ['\u2028', 0xe2],
  ['\u2029', 0xe2],
];

/** JSON as Go's encoder prints it: indented by four spaces, `<`, `>` and `&` escaped. */
export function toJson(value: unknown): string {
  let json = JSON.stringify(value, undefined, 4);
  // Bytes are searched sooner than characters.
  const bytes = encodeText(json);
  for (const [character, byte] of escaped) {
    if (!bytes.includes(byte)) continue;
    json = json.replaceAll(character, `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  return json;
}

/** A list; undefined if it is empty, so that JSON leaves it out. */
function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function ipText(ip: IP | undefined): string | undefined {
  return ip && formatIP(ip);
}

function dnsJson({ nameservers, domain, search, options }: DNS): unknown {
  return { nameservers, domain, search, options };
}

/**
 * A route in a version with a list of routes. Versions before 1.1.0 get all fields too, as from the Go plugins: a chain
 * passes them on, and CHECK gets them back.
 */
function routeJson({ dst, gw, mtu, advmss, priority, table, scope }: Route): unknown {
  return { dst: formatCIDR(dst), gw: ipText(gw), mtu, advmss, priority, table, scope };
}

function interfaceJson(link: Interface, version: Version): unknown {
  const { name, mac, mtu, sandbox, socketPath, pciID } = link;
  return atLeast(version, '1.1.0') ? { name, mac, mtu, sandbox, socketPath, pciID } : { name, mac, sandbox };
}

function ipJson({ address, gateway, interface: index }: IPConfig, version: Version): unknown {
  const rest = { interface: index, address: formatCIDR(address), gateway: ipText(gateway) };
  return atLeast(version, '1.0.0')
    ? rest
    : { version: address.ip.family === family.ipv4 ? '4' : '6', ...rest };
}

/** `ip4` or `ip6` of 0.2.0: the first address of the family, and the family's routes. */
function familyJson(result: Result, of: Family): unknown {
  const found = result.ips.find(({ address }) => address.ip.family === of);
  if (found === undefined) return undefined;
  const routes = result.routes.filter(({ dst }) => dst.ip.family === of);
  return {
    ip: formatCIDR(found.address),
    gateway: ipText(found.gateway),
    routes: some(routes.map(({ dst, gw }) => ({ dst: formatCIDR(dst), gw: ipText(gw) }))),
  };
}

/** A result in the shape of a version ("Success" in that version's SPEC.md), as the Go plugins print it. */
export function formatResult(result: Result, version: Version): string {
  const dns = dnsJson(result.dns);
  if (!atLeast(version, '0.3.0')) {
    return toJson({
      cniVersion: version,
      ip4: familyJson(result, family.ipv4),
      ip6: familyJson(result, family.ipv6),
      dns,
    });
  }
  return toJson({
    cniVersion: version,
    interfaces: some(result.interfaces.map((link) => interfaceJson(link, version))),
    ips: some(result.ips.map((ip) => ipJson(ip, version))),
    routes: some(result.routes.map(routeJson)),
    dns,
  });
}
