import { statSync } from '#files';
import { byteLength } from '../../netlink/bytes.ts';
import { firstGiven } from './first-given.ts';
import { type BridgeJson, isBridgeJson } from './generated/validate-config.ts';
import { type NamePattern, readHostInterfaceName } from './host-interface-name.ts';
import { parseMac } from './mac.ts';
import { type MasqueradeConfig, readMasquerade } from './masquerade.ts';
import { type NetworkConfig, readNetwork } from './network-config.ts';
import { Reading } from './reading.ts';
import { linkNameFault, type Request } from './request.ts';
import { checkSchema, invalidConfig, shown } from './schema-check.ts';
import { trunkRanges, type VlanRange } from './vlan-trunk.ts';

/** The bridge's own options, defaults filled in. */
export interface BridgeConfig extends NetworkConfig, MasqueradeConfig {
  /** Empty if a DEL or a GC ignores a bad one. */
  readonly bridge: string;
  readonly isGateway: boolean;
  readonly isDefaultGateway: boolean;
  /** Of the default routes; undefined leaves it to the kernel. */
  readonly metric: number | undefined;
  readonly forceAddress: boolean;
  readonly ipMasq: boolean;
  /** Undefined leaves it to the kernel, or to the ADD with `autoMtu`. */
  readonly mtu: number | undefined;
  /** Whether an ADD takes the smallest MTU on the way (`auto-mtu.ts`). */
  readonly autoMtu: boolean;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  /** The access port's or the trunk's native VLAN; 0 for none, which in a trunk is VLAN 1. */
  readonly vlan: number;
  /** Undefined for no trunk; an empty one still means a bridge that filters VLANs. */
  readonly vlanTrunk: readonly VlanRange[] | undefined;
  readonly preserveDefaultVlan: boolean;
  readonly macspoofchk: boolean;
  readonly ipspoofchk: boolean;
  readonly enabledad: boolean;
  readonly disableContainerInterface: boolean;
  readonly portIsolation: boolean;
  readonly learning: boolean;
  readonly proxyArp: boolean;
  readonly neighSuppress: boolean;
  /** Bit X stands for frames to 01:80:c2:00:00:0X. */
  readonly groupFwdMask: number;
  /** The link of the host that becomes a port of the bridge. */
  readonly uplink: string | undefined;
  /** The VRF that the bridge, or the VLAN's gateway, is in. */
  readonly vrf: string | undefined;
  /** Whether a bridge that an ADD makes has the spanning tree protocol. */
  readonly stp: boolean;
  /** In seconds; undefined for the kernel's. */
  readonly forwardDelay: number | undefined;
  /** Whether a bridge that an ADD makes is deleted with its last port. */
  readonly removeUnused: boolean;
  /** The host veth's name, or the pattern of those of all; undefined for `veth` and digits. */
  readonly hostInterfaceName: string | NamePattern | undefined;
  /** The file that each call appends a line to; undefined for none. */
  readonly debug: string | undefined;
  /** Whether chains that drop what is forwarded get rules that accept it; true in a cleanup that ignores a bad value. */
  readonly forward: boolean;
  /** Whether connections of an address end with its container. */
  readonly forgetConnections: boolean;
  /** Whether packets to and from other networks that have it, or with `strict` of any other bridge, are dropped. */
  readonly isolate: boolean | 'strict';
  /** Lower case with colons; undefined for a random one. */
  readonly mac: string | undefined;
}

/**
 * Reads and checks the whole configuration, before anything is touched. A DEL and a GC need only the version and the
 * name to clean up, and IPAM's type and its directory to release leases: every other mistake goes to `ignored`.
 * @throws CniError code 6 if it is not JSON or has a malformed version, 1 for an unsupported version, 7 with key and
 * value for anything else that is wrong
 */
export function readBridgeConfig(bytes: Uint8Array, request: Request): BridgeConfig {
  const reading = new Reading(bytes, request);
  const json = checkSchema<BridgeJson>(reading.json, isBridgeJson, reading.tolerate, reading.adviseOn);
  const { vlan = 0, mtu = 0, metric = 0 } = json;
  const isDefaultGateway = json.isDefaultGateway ?? false;
  const config: BridgeConfig = {
    ...readNetwork(reading, json),
    bridge: readBridgeName(reading, json),
    isGateway: json.isGateway === true || isDefaultGateway,
    isDefaultGateway,
    metric: metric === 0 ? undefined : metric,
    forceAddress: json.forceAddress ?? false,
    ipMasq: json.ipMasq ?? false,
    ...readMasquerade(reading, json),
    mtu: typeof mtu === 'string' || mtu === 0 ? undefined : mtu,
    autoMtu: mtu === 'auto',
    hairpinMode: json.hairpinMode ?? false,
    promiscMode: json.promiscMode ?? false,
    vlan,
    vlanTrunk: reading.unlessIgnored(() => json.vlanTrunk && trunkRanges(json.vlanTrunk)),
    preserveDefaultVlan: json.preserveDefaultVlan ?? false,
    macspoofchk: json.macspoofchk ?? false,
    ipspoofchk: json.ipspoofchk ?? false,
    enabledad: json.enabledad ?? false,
    disableContainerInterface: json.disableContainerInterface ?? false,
    portIsolation: json.portIsolation ?? false,
    learning: json.learning ?? true,
    proxyArp: json.proxyArp ?? false,
    neighSuppress: json.neighSuppress ?? false,
    groupFwdMask: json.groupFwdMask ?? 0,
    uplink: json.uplink,
    vrf: json.vrf,
    stp: json.stp ?? false,
    forwardDelay: json.forwardDelay,
    removeUnused: json.removeUnused ?? false,
    hostInterfaceName: reading.unlessIgnored(() => readHostInterfaceName(json, request)),
    debug: json.debug && reading.unlessIgnored(() => readDebug(json.debug)),
    forward: json.forward ?? reading.isIgnored('forward'),
    forgetConnections: json.forgetConnections ?? false,
    isolate: json.isolate ?? reading.isIgnored('isolate'),
    mac: reading.unlessIgnored(() => readMac(json, request)),
  };
  reading.unlessIgnored(() => refuseContradictions(config));
  return config;
}

function readBridgeName(reading: Reading, { bridge }: BridgeJson): string {
  // A cleanup that ignored a bad name must not use the default bridge instead.
  if (bridge === undefined) return reading.isIgnored('bridge') ? '' : 'cni0';
  const checked = reading.unlessIgnored(() => {
    const fault = linkNameFault(bridge);
    if (fault !== undefined) throw invalidConfig(`bridge: ${shown(bridge)} ${fault}`);
    return bridge;
  });
  return checked ?? '';
}

function readDebug(debug: string | undefined): string | undefined {
  if (debug !== undefined && isDirectory(debug))
    throw invalidConfig(`debug: must be a file, and ${shown(debug)} is a directory`);
  return debug;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there yet, or not to be seen: what can't be written is a warning later on.
    return false;
  }
}

/** The MAC address from the last of the three sources that has one. */
function readMac({ args, runtimeConfig }: BridgeJson, request: Request): string | undefined {
  const { mac: argument } = request.arguments;
  if ((argument ?? args ?? runtimeConfig) === undefined) return undefined;
  const [where, text] =
    firstGiven([
      ['runtimeConfig.mac', runtimeConfig?.mac],
      ['args.cni.mac', args?.cni?.mac],
      ['CNI_ARGS MAC', argument],
    ]) ?? [];
  if (where === undefined || text === undefined) return undefined;
  const mac = parseMac(text);
  if (mac === undefined) throw invalidConfig(`${where}: must be a unicast MAC address, not ${shown(text)}`);
  return mac;
}

/** BR_GROUPFWD_MACPAUSE, net/bridge/br_private.h */
const pauseFrames = 0x2;

function refuseContradictions(config: BridgeConfig): void {
  if (config.hairpinMode && config.promiscMode) {
    throw invalidConfig(
      'hairpinMode, promiscMode: cannot set hairpin mode and promiscuous mode at the same time',
    );
  }
  if (config.metric !== undefined && !config.isDefaultGateway) {
    throw invalidConfig(`metric: ${config.metric} needs isDefaultGateway, whose default routes get it`);
  }
  if (config.disableContainerInterface && config.ipam !== undefined) {
    throw invalidConfig(
      `disableContainerInterface: cannot use IPAM when DisableContainerInterface flag is set, and ipam.type is "${config.ipam.type}"`,
    );
  }
  if ((config.groupFwdMask & pauseFrames) !== 0) {
    throw invalidConfig(
      `groupFwdMask: must be without bit 1 (2, pause frames), which Linux never forwards, not ${config.groupFwdMask}`,
    );
  }
  if (config.forwardDelay !== undefined && !config.stp) {
    throw invalidConfig(`forwardDelay: needs "stp": true, without which a port forwards at once`);
  }
  if (config.forward && config.bridge.endsWith('+')) {
    throw invalidConfig(
      `forward: iptables takes the bridge name ${shown(config.bridge)} for the beginning of a name`,
    );
  }
  if (config.ipspoofchk && config.ipam === undefined) {
    throw invalidConfig('ipspoofchk: needs IPAM, whose addresses are let through, and ipam.type is missing');
  }
  const vlanLink = `${config.bridge}.${config.vlan}`;
  const { hostInterfaceName } = config;
  refuseLinks(config, vlanLink);
  if (hostInterfaceName === config.bridge || hostInterfaceName === vlanLink) {
    throw invalidConfig(
      `hostInterfaceName: ${shown(hostInterfaceName)} is the bridge's name or its gateway's`,
    );
  }
  if (config.isGateway && config.vlan !== 0 && byteLength(vlanLink) > 15) {
    throw invalidConfig(`bridge: ${vlanLink} is too long a name for the VLAN's gateway, over 15 bytes`);
  }
}

/** Refuses names that no link can have, or that are those of the bridge's own links. */
function refuseLinks(config: BridgeConfig, vlanLink: string): void {
  const { bridge, hostInterfaceName, uplink } = config;
  for (const key of ['uplink', 'vrf'] as const) {
    const name = config[key];
    if (name === undefined) continue;
    const fault = linkNameFault(name);
    if (fault !== undefined) throw invalidConfig(`${key}: ${shown(name)} ${fault}`);
    const own = [bridge, vlanLink, hostInterfaceName, key === 'vrf' ? uplink : undefined];
    if (own.includes(name)) throw invalidConfig(`${key}: ${shown(name)} is a link of the bridge's own`);
  }
}
