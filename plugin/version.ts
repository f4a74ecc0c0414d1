import { CniError, errorCode } from '../ipam/error.ts';
import { isSupported, supportedVersions, type Version } from '../ipam/version.ts';

export { atLeast, supportedVersions, type Version } from '../ipam/version.ts';

/** What a configuration without `cniVersion` has. */
export const defaultVersion: Version = '0.1.0';

/**
 * One of the supported versions.
 * @throws CniError code 1, its details naming both sides
 */
export function readVersion(text: string): Version {
  if (isSupported(text)) return text;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `configuration is "${text}", plugin supports ${supportedVersions.join(', ')}`,
  );
}

/** The answer to VERSION ("VERSION" in SPEC.md). */
export function formatVersions(): string {
  return JSON.stringify({ cniVersion: '1.1.0', supportedVersions });
}
