import type { JsonObject } from '../../cni/json.ts';
import { defaultVersion, isSupported, latestVersion, readVersion, type Version } from '../../cni/version.ts';
import { decodeConfig } from './json.ts';

/** The value of `cniVersion`, found in any case as all keys are; empty where there is none. */
function cniVersionOf(config: JsonObject): unknown {
  const inAnyCase = () => Object.keys(config).find((key) => key.toLowerCase() === 'cniversion');
  const key = Object.hasOwn(config, 'cniVersion') ? 'cniVersion' : (inAnyCase() ?? 'cniVersion');
  return config[key] ?? '';
}

/**
 * The version that a configuration follows.
 * @throws CniError code 6 for what is not a version, 1 for one that is not supported
 */
export function readConfVersion(config: JsonObject): Version {
  const version = cniVersionOf(config);
  return version === '' ? defaultVersion : readVersion(version);
}

/** The version to answer an error in: the configuration's, where it has one that is supported. */
export function versionForError(bytes: Uint8Array): Version {
  try {
    const version = cniVersionOf(decodeConfig(bytes));
    if (version === '') return defaultVersion;
    return typeof version === 'string' && isSupported(version) ? version : latestVersion;
  } catch {
    return latestVersion;
  }
}
