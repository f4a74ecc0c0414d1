import { CniError, errorCode } from '../ipam/error.ts';

/** The versions of the CNI specification that configurations and results may have, oldest first. */
export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type Version = (typeof supportedVersions)[number];

/** What a configuration without `cniVersion` has. */
export const defaultVersion: Version = '0.1.0';

/**
 * One of the supported versions.
 * @throws CniError code 1, its details naming both sides
 */
export function readVersion(text: string): Version {
  const version = supportedVersions.find((one) => one === text);
  if (version !== undefined) return version;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `configuration is "${text}", plugin supports ${supportedVersions.join(', ')}`,
  );
}

/** Whether `version` is `least` or newer. */
export function atLeast(version: Version, least: Version): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(least);
}

/** The answer to VERSION, for a request that came in `version` ("VERSION" in SPEC.md). */
export function formatVersions(version: string): string {
  return JSON.stringify({ cniVersion: version, supportedVersions });
}
