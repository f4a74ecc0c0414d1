import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The plugins that ours is compared with. */
export interface Reference {
  readonly bridge: string;
  /** `1.9.1` */
  readonly version: string;
}

/**
 * Finds the Go plugin plugins and their version: in the file beside them, or as Debian's package says.
 * @throws Error if they are not there or of no known version
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
