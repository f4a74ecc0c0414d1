import { supportedVersions } from '../cni/version.ts';
import { version } from '../package.json';
import type { PluginName } from './invoked-as.ts';

/** Set by the build (build/definitions.ts); empty if unknown. */
declare const BUILD_COMMIT: string;

/** The version with the commit: `0.2.0-2a1f25c`; without one where it is unknown. */
export const build = BUILD_COMMIT === '' ? version : `${version}-${BUILD_COMMIT}`;

/** What the Go plugins print without a command: what the program is, and which versions it speaks. */
export function about(name: PluginName): string {
  const commit = BUILD_COMMIT === '' ? '' : ` (commit ${BUILD_COMMIT})`;
  return `CNI ${name} plugin v${version}${commit}
CNI protocol versions supported: ${supportedVersions.join(', ')}`;
}

/** What `--help` prints after that. */
export const usage = `
Container runtimes call it: CNI_COMMAND and the other CNI_* variables are in the
environment, the network configuration is on stdin, the result goes to stdout.

  --version  print the lines above
  --help     print this

A person at the node calls it cni-bridge: cni-bridge --help.`;
