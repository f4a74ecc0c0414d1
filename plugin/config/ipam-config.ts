import type { CniError } from '../../cni/error.ts';
import type { HostLocalConfig, RangeConfig, RouteConfig } from '../../ipam/host-local/config.ts';
import { parseCIDR, parseIP } from '../../netlink/ip.ts';
import type { BridgeJson } from './generated/validate-config.ts';
import type { Reading } from './reading.ts';
import { invalidConfig, shown } from './schema-check.ts';

/** The `ipam` part; `hostLocal` and `ipRanges` only matter if `type` is host-local. */
export interface IpamConfig {
  readonly type: string;
  readonly hostLocal: HostLocalConfig;
  readonly ipRanges: readonly (readonly RangeConfig[])[];
  readonly requestedIPs: readonly string[];
  /** Why a DEL or a GC can't release anything, whatever else it can remove. */
  readonly fault: CniError | undefined;
}

/**
 * Reads the `ipam` part; undefined for layer 2 only.
 * @throws CniError code 7
 */
export function readIpam(reading: Reading, json: BridgeJson): IpamConfig | undefined {
  const { type, ...hostLocal } = json.ipam ?? {};
  const { args, runtimeConfig } = json;
  const fault = reading.ipamFault;
  if (type === undefined && fault === undefined) return undefined;
  if (type === 'host-local') reading.unlessIgnored(() => checkRoutes(hostLocal.routes ?? []));
  return {
    type: type ?? '',
    hostLocal: type === 'host-local' ? hostLocal : {},
    ipRanges: runtimeConfig?.ipRanges ?? [],
    requestedIPs: [
      ...reading.request.arguments.ips,
      ...(args?.cni?.ips ?? []),
      ...(runtimeConfig?.ips ?? []),
    ],
    fault,
  };
}

function checkRoutes(routes: readonly RouteConfig[]): void {
  for (const [index, { dst, gw }] of routes.entries()) {
    const where = `ipam.routes[${index}]`;
    const to = parseCIDR(dst);
    if (to === undefined) {
      throw invalidConfig(`${where}.dst: must be an IP address with a prefix length, not ${shown(dst)}`);
    }
    if (gw === undefined) continue;
    const gateway = parseIP(gw);
    if (gateway === undefined) throw invalidConfig(`${where}.gw: must be an IP address, not ${shown(gw)}`);
    if (gateway.family !== to.ip.family) {
      throw invalidConfig(`${where}.gw: must be of the family of ${shown(dst)}, not ${shown(gw)}`);
    }
  }
}
