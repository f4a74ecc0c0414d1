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
  /** The result of the ADD, as a CHECK or a DEL is given it; the previous plugin's, as an ADD is. */
  readonly prevResult: Result | undefined;
  /** `cni.dev/valid-attachments`; undefined where there is none, which is not the same as an empty list. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
  /** Mistakes that were passed over, for the operator to read. */
  readonly ignored: readonly string[];
}

/**
 * Reads the configuration as host-local is given it: the bridge's part is another plugin's.
 * @throws CniError code 6 where it is not JSON or its version is not one, 1 for a version that is not supported, 7 with
 *   key and value where it is not right
 */
export function readHostLocalConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  const reading = new Reading(bytes, request);
  // Nothing can be cleaned up without the part that is its own.
  const tolerate: Tolerate = (path, reason) => path.join() !== 'ipam' && reading.tolerate(path, reason);
  const json = checkSchema<HostLocalJson>(reading.json, isHostLocalJson, tolerate);
  return readNetwork(reading, { ...json, ipam: { ...json.ipam, type: 'host-local' } });
}

/**
 * Reads the little that the loopback plugin looks at.
 * @throws CniError as {@link readHostLocalConfig}
 */
export function readLoopbackConfig(bytes: Uint8Array, request: Request): NetworkConfig {
  const reading = new Reading(bytes, request);
  const json = onlyKeys(reading.json, ['cniVersion', 'name', 'prevResult', listKey]);
  return readNetwork(reading, checkSchema<BridgeJson>(json, isBridgeJson, reading.tolerate));
}

/**
 * Reads what every network configuration has.
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
  // A runtime written in Go whose list is empty sends null.
  if (list !== undefined || written === null) return list ?? [];
  // `cnitool gc`, and whoever else doesn't know which attachments are valid, sends none.
  if (request.command === 'GC') ignored.push(`${listKey} is missing: everything is kept`);
  return undefined;
}

function readPrevResult(json: JsonObject | undefined, version: Version): Result | undefined {
  return json === undefined ? undefined : parseResult({ cniVersion: version, ...json });
}
