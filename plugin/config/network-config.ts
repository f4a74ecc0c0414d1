import { CniError, errorCode } from '../../cni/error.ts';
import type { JsonObject } from '../../cni/json.ts';
import { parseResult } from '../../cni/parse-result.ts';
import type { DNS, Result } from '../../cni/result.ts';
import type { Version } from '../../cni/version.ts';
import {
  type BridgeJson,
  type HostLocalJson,
  isBridgeJson,
  isHostLocalJson,
} from './generated/validate-config.ts';
import { type IpamConfig, readIpam } from './ipam-config.ts';
import { Reading } from './reading.ts';
import type { Request } from './request.ts';
import { checkSchema, onlyKeys, type Tolerate } from './schema-check.ts';

const listKey = 'cni.dev/valid-attachments';

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
  /** The ADD's result in a CHECK or a DEL; the previous plugin's in an ADD. */
  readonly prevResult: Result | undefined;
  /** `cni.dev/valid-attachments`; undefined if absent, which is not the same as an empty list. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
  /** Mistakes that were ignored, for the operator. */
  readonly ignored: readonly string[];
}

/**
 * Reads the configuration for host-local: the rest belongs to the plugin that delegates.
 * @throws CniError code 6 if it is not JSON or has a malformed version, 1 for an unsupported version, 7 with key and
 * value for anything else that is wrong
 */
export function readHostLocalConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  const reading = new Reading(bytes, request);
  // Nothing can be cleaned up without `ipam`.
  const tolerate: Tolerate = (path, reason) => path.join() !== 'ipam' && reading.tolerate(path, reason);
  const json = checkSchema<HostLocalJson>(reading.json, isHostLocalJson, tolerate);
  return readNetwork(reading, { ...json, ipam: { ...json.ipam, type: 'host-local' } });
}

/**
 * Reads the few keys that the loopback plugin uses.
 * @throws CniError as {@link readHostLocalConfig}
 */
export function readLoopbackConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  const reading = new Reading(bytes, request);
  const json = onlyKeys(reading.json, ['cniVersion', 'name', 'prevResult', listKey]);
  return readNetwork(reading, checkSchema<BridgeJson>(json, isBridgeJson, reading.tolerate));
}

/**
 * Reads what all network configurations have in common.
 * @throws CniError as {@link readHostLocalConfig}
 */
export function readNetwork(reading: Reading, json: BridgeJson): NetworkConfig {
  if (json.name === undefined) throw new CniError(errorCode.invalidConfig, 'missing network name');
  return {
    cniVersion: reading.version,
    name: json.name,
    dns: json.dns ?? {},
    ipam: readIpam(reading, json),
    prevResult: reading.unlessIgnored(() => readPrevResult(json.prevResult, reading.version)),
    validAttachments: readValidAttachments(reading, json),
    ignored: reading.ignored,
  };
}

function readValidAttachments(
  { json: { [listKey]: written }, request, ignored }: Reading,
  { [listKey]: list }: BridgeJson,
): readonly ValidAttachment[] | undefined {
  // Go runtimes send an empty list as null.
  if (list !== undefined || written === null) return list ?? [];
  // `cnitool gc`, for one, doesn't know which attachments are valid, and sends no list.
  if (request.command === 'GC') ignored.push(`${listKey} is missing: everything is kept`);
  return undefined;
}

function readPrevResult(json: JsonObject | undefined, version: Version): Result | undefined {
  return json === undefined ? undefined : parseResult({ cniVersion: version, ...json });
}
