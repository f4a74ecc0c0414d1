/** The versions of the CNI specification that are understood, oldest first. */
export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** A supported version of the CNI specification. */
export type Version = (typeof supportedVersions)[number];

/** Whether `text` is a version that is understood, to the letter: `1.0` is none. */
export function isSupported(text: string): text is Version {
  return supportedVersions.some((version) => version === text);
}

/** Whether `version` is `least` or a later one. */
export function atLeast(version: Version, least: Version): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(least);
}
