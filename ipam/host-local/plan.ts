import { CniError, errorCode } from '../../cni/error.ts';
import type { Route } from '../../cni/result.ts';
import { type IP, parseCIDR, parseIP, sameIP } from '../../netlink/ip.ts';
import type { RouteConfig } from './config.ts';
import { type RangeSet, readRangeSets } from './ranges.ts';
import type { HostLocalRequest } from './request.ts';

/** What an ADD will lease and answer, all of it checked. */
export interface LeasePlan {
  readonly sets: readonly RangeSet[];
  /** The requested addresses, each once. */
  readonly requested: readonly IP[];
  readonly routes: readonly Route[];
}

/**
 * Reads and checks a request, and changes nothing.
 * @throws CniError code 7
 */
export function planLeases(request: HostLocalRequest): LeasePlan {
  return {
    sets: readRangeSets(request),
    requested: readRequested(request.requestedIPs),
    routes: (request.config.routes ?? []).map(readRoute),
  };
}

function invalid(msg: string, details: string): CniError {
  return new CniError(errorCode.invalidConfig, msg, details);
}

function readRequested(texts: readonly string[]): IP[] {
  const requested: IP[] = [];
  for (const text of texts) {
    const ip = text.includes('/') ? parseCIDR(text)?.ip : parseIP(text);
    if (ip === undefined) throw invalid('invalid requested address', `invalid IP address ${text}`);
    if (!requested.some((one) => sameIP(one, ip))) requested.push(ip);
  }
  return requested;
}

function readRoute({ dst: to, gw: via, ...settings }: RouteConfig, index: number): Route {
  const dst = parseCIDR(to);
  if (dst === undefined)
    throw invalid('invalid IPAM configuration', `routes[${index}].dst: invalid CIDR address: ${to}`);
  if (!via) return { dst, ...settings };
  const gw = parseIP(via);
  if (gw === undefined)
    throw invalid('invalid IPAM configuration', `routes[${index}].gw: invalid IP address: ${via}`);
  return { dst, gw, ...settings };
}
