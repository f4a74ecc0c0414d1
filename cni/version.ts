import { CniError, errorCode } from './error.ts';

/** The latest version of the CNI specification that the plugin supports. */
export const latestVersion = '1.1.0';

/** The supported versions of the CNI specification, oldest first. */
export const supportedVersions = [
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.3.1',
  '0.4.0',
  '1.0.0',
  latestVersion,
] as const;

/** A supported version of the CNI specification. */
export type Version = (typeof supportedVersions)[number];

/** Whether `text` is exactly a supported version: `1.0` is not. */
export function isSupported(text: string): text is Version {
  return supportedVersions.some((version) => version === text);
}

/** Whether `version` is `least` or a later one. */
export function atLeast(version: Version, least: Version): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(least);
}

/** The version of a configuration without `cniVersion`. */
export const defaultVersion: Version = '0.1.0';

/** The form of a version: one to three numbers. */
const versionForm = /^\d+(\.\d+){0,2}$/;

/**
 * Parses a supported version. * @throws CniError code 6 for a malformed version, 1 for an unsupported one, naming both
 * sides
 */
export function readVersion(text: unknown): Version {
  if (typeof text !== 'string' || !versionForm.test(text)) {
    throw new CniError(
      errorCode.decoding,
      'failed to decode version info',
      `cniVersion: must be a version such as "${latestVersion}", not ${JSON.stringify(text).slice(0, 80)}`,
    );
  }
  if (isSupported(text)) return text;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `config is "${text}", plugin supports ${supportedVersions.join(', ')}`,
  );
}

/** The answer to VERSION ("VERSION" in SPEC.md). */
export function formatVersions(): string {
  return JSON.stringify({ cniVersion: latestVersion, supportedVersions });
}
