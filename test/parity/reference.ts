import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The plugins to compare with. */
export interface Reference {
  readonly bridge: string;
  /** `1.9.1` */
  readonly version: string;
}

/**
 * Finds the Go plugins and their version, from the file beside them or from Debian's package.
 * @throws Error if they don't exist or have no known version
 */
export function findReference(directory: string): Reference {
  const path = resolve(directory);
  const bridge = `${path}/bridge`;
  if (!existsSync(bridge)) throw new Error(`there is no ${bridge}`);
  const text = existsSync(`${path}/version`)
    ? readFileSync(`${path}/version`, 'utf8')
    : spawnSync('dpkg-query', ['-W', 'containernetworking-plugins'], { encoding: 'utf8' }).stdout;
  const [version] = /\d+\.\d+\.\d+/.exec(text) ?? [];
  if (version === undefined) throw new Error(`${path}: no version in "${text.trim()}"`);
  return { bridge, version };
}

/** Whether a version is at least another. */
export function atLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
