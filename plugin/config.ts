import type { HostLocalConfig, RangeConfig } from '../ipam/config.ts';
import { CniError, errorCode } from '../ipam/error.ts';
import type { DNS, Route } from '../ipam/result.ts';
import { parseCIDR, parseIP } from '../netlink/ip.ts';
import { isObject, Reader } from './json.ts';
import { isName, linkNameFault, type Request } from './request.ts';
import { defaultVersion, readVersion, type Version } from './version.ts';

/** What every network configuration has. */
export interface NetworkConfig {
  readonly cniVersion: Version;
  readonly name: string;
  readonly dns: DNS;
  /** Undefined for layer 2 only. */
  readonly ipam: IpamConfig | undefined;
  /** Addresses of earlier results, for a DEL whose lease is gone. */
  readonly previousAddresses: readonly string[];
}

/** What the IPAM part says. */
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
  readonly mtu: number | undefined;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  readonly portIsolation: boolean;
  readonly mac: string | undefined;
}

function invalid(details: string): CniError {
  return new CniError(errorCode.invalidConfig, 'invalid configuration', details);
}

/**
 * Reads the JSON text of a configuration.
 * @throws CniError code 6
 */
function readJson(bytes: Uint8Array): Reader {
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === '') throw new CniError(errorCode.decoding, 'configuration on stdin is empty');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CniError(errorCode.decoding, 'configuration on stdin is not JSON', reason);
  }
  if (!isObject(json)) throw new CniError(errorCode.decoding, 'configuration on stdin is no JSON object');
  return new Reader(json);
}

function present<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as T;
}

function readRange(reader: Reader): RangeConfig {
  const subnet = reader.string('subnet');
  if (subnet === undefined) throw invalid('a range has no subnet');
  return {
    subnet,
    ...present<Partial<RangeConfig>>({
      rangeStart: reader.string('rangeStart'),
      rangeEnd: reader.string('rangeEnd'),
      gateway: reader.string('gateway'),
    }),
  };
}

function readRanges(reader: Reader, key: string): RangeConfig[][] | undefined {
  return reader.list(key, (set, path) => {
    const sets = new Reader({ set }, `${path}.`).objects('set', readRange);
    return sets ?? [];
  });
}

function readRoute(reader: Reader): Route {
  const dst = reader.string('dst') ?? '';
  const gw = reader.string('gw');
  if (parseCIDR(dst) === undefined) throw invalid(`route dst: "${dst}" is no subnet in CIDR notation`);
  if (gw !== undefined && parseIP(gw) === undefined) throw invalid(`route gw: "${gw}" is no IP address`);
  const most = 0xffffffff;
  return {
    dst,
    ...present<Omit<Route, 'dst'>>({
      gw,
      mtu: reader.integer('mtu', 0, most),
      advmss: reader.integer('advmss', 0, most),
      priority: reader.integer('priority', 0, most),
      table: reader.integer('table', 0, most),
      scope: reader.integer('scope', 0, 255),
    }),
  };
}

function readDns(reader: Reader): DNS {
  return present<DNS>({
    nameservers: reader.strings('nameservers'),
    domain: reader.string('domain'),
    search: reader.strings('search'),
    options: reader.strings('options'),
  });
}

function readIpam(config: Reader, request: Request): IpamConfig | undefined {
  const ipam = config.nested('ipam');
  const type = ipam.string('type') ?? '';
  if (type === '') return undefined;
  const runtime = config.nested('runtimeConfig');
  const args = config.nested('args').nested('cni');
  const hostLocal = present<HostLocalConfig>({
    subnet: ipam.string('subnet'),
    rangeStart: ipam.string('rangeStart'),
    rangeEnd: ipam.string('rangeEnd'),
    gateway: ipam.string('gateway'),
    ranges: readRanges(ipam, 'ranges'),
    routes: ipam.objects('routes', readRoute),
    resolvConf: ipam.string('resolvConf'),
    dataDir: ipam.string('dataDir'),
  });
  return {
    type,
    hostLocal,
    ipRanges: readRanges(runtime, 'ipRanges') ?? [],
    requestedIPs: [
      ...request.arguments.ips,
      ...(args.strings('ips') ?? []),
      ...(runtime.strings('ips') ?? []),
    ],
  };
}

function readPreviousAddresses(config: Reader): string[] {
  const previous = config.value('prevResult');
  if (!isObject(previous)) return [];
  const found: string[] = [];
  const take = (value: unknown, key: string): void => {
    const address = isObject(value) ? value[key] : undefined;
    if (typeof address === 'string' && parseCIDR(address) !== undefined) found.push(address);
  };
  const { ips, ip4, ip6 } = previous;
  if (Array.isArray(ips)) for (const ip of ips) take(ip, 'address');
  take(ip4, 'ip');
  take(ip6, 'ip');
  return found;
}

function readNetwork(config: Reader, request: Request): NetworkConfig {
  const cniVersion = readVersion(config.string('cniVersion') ?? defaultVersion);
  const name = config.string('name') ?? '';
  if (!isName(name)) throw invalid(`name: "${name}" is no network name`);
  return {
    cniVersion,
    name,
    dns: readDns(config.nested('dns')),
    ipam: readIpam(config, request),
    previousAddresses: readPreviousAddresses(config),
  };
}

function readMac(config: Reader, request: Request): string | undefined {
  const mac =
    config.nested('runtimeConfig').string('mac') ||
    config.nested('args').nested('cni').string('mac') ||
    request.arguments.mac;
  if (mac === undefined || mac === '') return undefined;
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(mac)) throw invalid(`mac: "${mac}" is no MAC address`);
  return mac.toLowerCase().replaceAll('-', ':');
}

/** Options of the reference that this plugin does not know yet: asking for one is refused, not passed over. */
const unsupported = ['vlan', 'vlanTrunk', 'macspoofchk', 'enabledad', 'disableContainerInterface'];

function refuseUnsupported(config: Reader): void {
  for (const key of unsupported) {
    const value = config.value(key);
    const unset = value === undefined || value === false || value === 0;
    if (!unset && !(Array.isArray(value) && value.length === 0)) {
      throw new CniError(
        errorCode.unsupportedField,
        'unsupported field in the configuration',
        `${key}: ${JSON.stringify(value)}`,
      );
    }
  }
  const backend = config.string('ipMasqBackend') ?? 'nftables';
  if (backend !== 'nftables') {
    throw new CniError(
      errorCode.unsupportedField,
      'unsupported field in the configuration',
      `ipMasqBackend: "${backend}"`,
    );
  }
}

/**
 * Reads and checks the whole configuration, before anything is touched.
 * @throws CniError code 6 where it is not JSON, 1, 2 or 7 with key and value where it is not right
 */
export function readBridgeConfig(bytes: Uint8Array, request: Request): BridgeConfig {
  const config = readJson(bytes);
  const network = readNetwork(config, request);
  if (request.command === 'ADD') refuseUnsupported(config);
  const bridge = config.string('bridge') || 'cni0';
  const fault = linkNameFault(bridge);
  if (fault !== undefined) throw invalid(`bridge: "${bridge}" ${fault}`);
  const hairpinMode = config.boolean('hairpinMode');
  const promiscMode = config.boolean('promiscMode');
  if (hairpinMode && promiscMode) throw invalid('hairpinMode and promiscMode cannot both be true');
  const isDefaultGateway = config.boolean('isDefaultGateway');
  const mtu = config.integer('mtu', 0, 65535);
  return {
    ...network,
    bridge,
    isGateway: config.boolean('isGateway') || isDefaultGateway,
    isDefaultGateway,
    forceAddress: config.boolean('forceAddress'),
    ipMasq: config.boolean('ipMasq'),
    mtu: mtu === 0 ? undefined : mtu,
    hairpinMode,
    promiscMode,
    portIsolation: config.boolean('portIsolation'),
    mac: readMac(config, request),
  };
}

/**
 * Reads the configuration as an IPAM plugin is given it: the bridge's part is another plugin's.
 * @throws CniError as {@link readBridgeConfig}
 */
export function readNetworkConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  return readNetwork(readJson(bytes), request);
}

/** The version that an error should be answered in, read with as little demand as can be. */
export function versionOf(bytes: Uint8Array): string {
  try {
    return readJson(bytes).string('cniVersion') ?? defaultVersion;
  } catch {
    return '1.1.0';
  }
}
