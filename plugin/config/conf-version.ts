import type { JsonObject } from '../../cni/json.ts';
import { defaultVersion, isSupported, latestVersion, readVersion, type Version } from '../../cni/version.ts';
import { decodeConfig } from './json.ts';

/** The value of `cniVersion`, in any case like all keys; empty if there is none. */
function cniVersionOf(config: JsonObject): unknown {
  const inAnyCase = () => Object.keys(config).find((key) => key.toLowerCase() === 'cniversion');
  const key = Object.hasOwn(config, 'cniVersion') ? 'cniVersion' : (inAnyCase() ?? 'cniVersion');
  return config[key] ?? '';
}

/**
 * The configuration's version.
 * @throws CniError code 6 for a malformed version, 1 for an unsupported one
 */
export function readConfVersion(config: JsonObject): Version {
  const version = cniVersionOf(config);
  return version === '' ? defaultVersion : readVersion(version);
}

/** The version to answer an error in: the configuration's, if it is supported. */
export function versionForError(bytes: Uint8Array): Version {
  try {
    const version = cniVersionOf(decodeConfig(bytes));
    if (version === '') return defaultVersion;
    return typeof version === 'string' && isSupported(version) ? version : latestVersion;
  } catch {
    return latestVersion;
  }
}
