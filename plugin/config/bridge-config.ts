import { CniError, errorCode } from '../../cni/error.ts';
import { parseResult } from '../../cni/parse-result.ts';
import type { DNS, Result } from '../../cni/result.ts';
import { defaultVersion, readVersion, type Version } from '../../cni/version.ts';
import type { HostLocalConfig, RangeConfig, RouteConfig } from '../../ipam/host-local/config.ts';
import { byteLength } from '../../netlink/bytes.ts';
import { parseCIDR, parseIP } from '../../netlink/ip.ts';
import {
  type BridgeJson,
  type HostLocalJson,
  isBridgeJson,
  isHostLocalJson,
} from './generated/validate-config.ts';
import { decodeConfig, type JsonObject } from './json.ts';
import { parseMac } from './mac.ts';
import { linkNameFault, type Request } from './request.ts';
import { checkSchema, invalidConfig, shown } from './schema-check.ts';
import { trunkRanges, type VlanRange } from './vlan-trunk.ts';

/** An attachment that a GC keeps. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** What every network configuration has. */
export interface NetworkConfig {
  readonly cniVersion: Version;
  readonly name: string;
  readonly dns: DNS;
  /** Undefined for layer 2 only. */
  readonly ipam: IpamConfig | undefined;
  /** The result of the ADD, as a CHECK or a DEL is given it. */
  readonly prevResult: Result | undefined;
  /** `cni.dev/valid-attachments`; undefined where there is none, which is not the same as an empty list. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
  /** Mistakes that a DEL or GC passed over, for the operator to read. */
  readonly ignored: readonly string[];
}

/** What the IPAM part says; `hostLocal` and `ipRanges` mean something where `type` is host-local. */
export interface IpamConfig {
  readonly type: string;
  readonly hostLocal: HostLocalConfig;
  readonly ipRanges: readonly (readonly RangeConfig[])[];
  readonly requestedIPs: readonly string[];
}

/** The bridge's own part, defaults filled in. */
export interface BridgeConfig extends NetworkConfig {
  readonly bridge: string;
  readonly isGateway: boolean;
  readonly isDefaultGateway: boolean;
  readonly forceAddress: boolean;
  readonly ipMasq: boolean;
  /** Undefined leaves it to the kernel's abilities. */
  readonly ipMasqBackend: 'nftables' | 'iptables' | undefined;
  /** Undefined leaves it to the kernel. */
  readonly mtu: number | undefined;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  /** The access port's or the trunk's native VLAN; 0 for none, which in a trunk is VLAN 1. */
  readonly vlan: number;
  /** Undefined for no trunk; an empty one still means a bridge that filters VLANs. */
  readonly vlanTrunk: readonly VlanRange[] | undefined;
  readonly preserveDefaultVlan: boolean;
  readonly macspoofchk: boolean;
  readonly enabledad: boolean;
  readonly disableContainerInterface: boolean;
  readonly portIsolation: boolean;
  /** Lower case with colons; undefined leaves it to the kernel. */
  readonly mac: string | undefined;
}

/**
 * Reads and checks the whole configuration, before anything is touched. A DEL and a GC must clean up whatever
 * the rest says: for them only the version, the name, the bridge, IPAM's type and its folder have to be right,
 * and every other mistake goes to `ignored`.
 *
 * @throws CniError code 6 where it is not JSON, 1 for its version, 2 or 7 with key and value where it is not right
 */
export function readBridgeConfig(bytes: Uint8Array, request: Request): BridgeConfig {
  const reading = new Reading(bytes, request);
  const json = checkSchema<BridgeJson>(reading.json, isBridgeJson, reading.tolerate);
  const { bridge = 'cni0', vlan = 0, mtu = 0 } = json;
  const fault = linkNameFault(bridge);
  if (fault !== undefined) throw invalidConfig(`bridge: ${shown(bridge)} ${fault}`);

  const isDefaultGateway = json.isDefaultGateway ?? false;
  const config: BridgeConfig = {
    ...readNetwork(reading, json),
    bridge,
    isGateway: json.isGateway === true || isDefaultGateway,
    isDefaultGateway,
    forceAddress: json.forceAddress ?? false,
    ipMasq: json.ipMasq ?? false,
    ipMasqBackend: json.ipMasqBackend,
    mtu: mtu === 0 ? undefined : mtu,
    hairpinMode: json.hairpinMode ?? false,
    promiscMode: json.promiscMode ?? false,
    vlan,
    vlanTrunk: reading.attempt(() => json.vlanTrunk && trunkRanges(json.vlanTrunk)),
    preserveDefaultVlan: json.preserveDefaultVlan ?? false,
    macspoofchk: json.macspoofchk ?? false,
    enabledad: json.enabledad ?? false,
    disableContainerInterface: json.disableContainerInterface ?? false,
    portIsolation: json.portIsolation ?? false,
    mac: reading.attempt(() => readMac(json, request)),
  };
  reading.attempt(() => refuseContradictions(config));
  return config;
}

/**
 * Reads the configuration as host-local is given it: the bridge's part is another plugin's.
 *
 * @throws CniError as {@link readBridgeConfig}
 */
export function readNetworkConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  const reading = new Reading(bytes, request);
  const json = checkSchema<HostLocalJson>(reading.json, isHostLocalJson, reading.tolerate);
  return readNetwork(reading, { ...json, ipam: { ...json.ipam, type: 'host-local' } });
}

/** The version that an error should be answered in, read with as little demand as can be. */
export function versionOf(bytes: Uint8Array): string {
  try {
    const { cniVersion } = decodeConfig(bytes);
    return typeof cniVersion === 'string' && cniVersion !== '' ? cniVersion : defaultVersion;
  } catch {
    return '1.1.0';
  }
}

/** A configuration being read for a command, and what was passed over on the way. */
class Reading {
  readonly json: JsonObject;
  readonly version: Version;
  readonly request: Request;
  readonly ignored: string[] = [];
  private readonly lenient: boolean;

  constructor(bytes: Uint8Array, request: Request) {
    this.json = decodeConfig(bytes);
    this.request = request;
    this.lenient = request.command === 'DEL' || request.command === 'GC';
    const key = Object.keys(this.json).find((one) => one.toLowerCase() === 'cniversion') ?? 'cniVersion';
    const version = this.json[key] || defaultVersion;
    if (typeof version !== 'string')
      throw invalidConfig(`cniVersion: must be a string, not ${shown(version)}`);
    this.version = readVersion(version);
  }

  readonly tolerate = ([key = '', inner]: readonly string[], reason: string): boolean => {
    const needed = ['', 'cniVersion', 'name', 'bridge'].includes(key);
    const neededOfIpam = key === 'ipam' && (inner === undefined || inner === 'type' || inner === 'dataDir');
    if (!this.lenient || needed || neededOfIpam) return false;
    this.ignored.push(reason);
    return true;
  };

  /** What `read` gives; a DEL or GC goes on without it where that fails. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.lenient) throw error instanceof CniError ? error : invalidConfig(reason);
      this.ignored.push(reason);
      return undefined;
    }
  }
}

function readNetwork(reading: Reading, json: BridgeJson): NetworkConfig {
  if (json.name === undefined) throw new CniError(errorCode.invalidConfig, 'missing network name');
  reading.attempt(() => json.ipam?.type === 'host-local' && checkRoutes(json.ipam.routes ?? []));
  const prevResult = reading.attempt(() => readPrevResult(json.prevResult, reading.version));
  return {
    cniVersion: reading.version,
    name: json.name,
    dns: json.dns ?? {},
    ipam: readIpam(json, reading.request),
    prevResult,
    validAttachments: json['cni.dev/valid-attachments'] ?? noAttachments(reading.json),
    ignored: reading.ignored,
  };
}

/** A runtime written in Go whose list is empty sends null: nothing is to be kept. */
function noAttachments(json: JsonObject): [] | undefined {
  return json['cni.dev/valid-attachments'] === null ? [] : undefined;
}

function readIpam(json: BridgeJson, request: Request): IpamConfig | undefined {
  const { type, ...hostLocal } = json.ipam ?? {};
  if (type === undefined) return undefined;
  const { args, runtimeConfig } = json;
  return {
    type,
    hostLocal: type === 'host-local' ? hostLocal : {},
    ipRanges: runtimeConfig?.ipRanges ?? [],
    requestedIPs: [...request.arguments.ips, ...(args?.cni?.ips ?? []), ...(runtimeConfig?.ips ?? [])],
  };
}

function readPrevResult(json: JsonObject | undefined, version: Version): Result | undefined {
  return json === undefined ? undefined : parseResult({ cniVersion: version, ...json });
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

/** The MAC address of the last of the three sources that names one. */
function readMac({ args, runtimeConfig }: BridgeJson, request: Request): string | undefined {
  const sources: readonly (readonly [string, string | undefined])[] = [
    ['runtimeConfig.mac', runtimeConfig?.mac],
    ['args.cni.mac', args?.cni?.mac],
    ['CNI_ARGS MAC', request.arguments.mac],
  ];
  const [where, text] = sources.find(([, value]) => value !== undefined && value !== '') ?? [];
  if (where === undefined || text === undefined) return undefined;
  const mac = parseMac(text);
  if (mac === undefined) throw invalidConfig(`${where}: must be a unicast MAC address, not ${shown(text)}`);
  return mac;
}

function refuseContradictions(config: BridgeConfig): void {
  if (config.hairpinMode && config.promiscMode) {
    throw invalidConfig('hairpinMode, promiscMode: cannot both be true');
  }
  if (config.disableContainerInterface && config.ipam !== undefined) {
    throw invalidConfig(
      `disableContainerInterface: cannot be true together with ipam.type "${config.ipam.type}"`,
    );
  }
  const vlanLink = `${config.bridge}.${config.vlan}`;
  if (config.isGateway && config.vlan !== 0 && byteLength(vlanLink) > 15) {
    throw invalidConfig(`bridge: ${vlanLink} is no name for the VLAN's gateway, being longer than 15 bytes`);
  }
}
