import { CniError, errorCode } from '../ipam/error.ts';
import { atLeast, isSupported, supportedVersions, type Version } from '../ipam/version.ts';
import type { Command } from './request.ts';

/** The newest version: what VERSION answers in, and errors that precede the configuration. */
export const latestVersion: Version = '1.1.0';

/** The version that brought a command into the specification. */
const introduced: Readonly<Partial<Record<Command, Version>>> = {
  CHECK: '0.4.0',
  GC: '1.1.0',
  STATUS: '1.1.0',
};

/**
 * Reads a configuration's `cniVersion`; absent, null or empty means 0.1.0.
 *
 * @throws CniError code 7 when it is no text, code 1 when it is no supported version
 */
export function confVersion(value: unknown): Version {
  if (value === undefined || value === null || value === '') return '0.1.0';
  if (typeof value !== 'string') {
    throw new CniError(
      errorCode.invalidConfig,
      `invalid configuration: cniVersion: must be a string, not ${JSON.stringify(value)}`,
    );
  }
  if (isSupported(value)) return value;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `config is ${JSON.stringify(value)}, plugin supports ${JSON.stringify(supportedVersions)}`,
  );
}

/**
 * Refuses a command that the configuration's version does not have yet (SPEC.md 1.1.0, section 2).
 *
 * @throws CniError code 1
 */
export function requireVersion(command: Command, version: Version): void {
  const least = introduced[command];
  if (least === undefined || atLeast(version, least)) return;
  throw new CniError(
    errorCode.incompatibleVersion,
    `config version does not allow ${command}`,
    `config is "${version}", ${command} needs "${least}" or later`,
  );
}

/** The answer to VERSION: one line of JSON with its newline, as the Go plugins print it. */
export function formatVersions(): string {
  return `${JSON.stringify({ cniVersion: latestVersion, supportedVersions })}\n`;
}

/** What a person who runs the executable by hand is told on stderr; `name` is `bridge` or `host-local`. */
export function formatAbout(name: string, build: string): string {
  return `CNI ${name} plugin ${build}\nCNI protocol versions supported: ${supportedVersions.join(', ')}\n`;
}
