import { supportedVersions } from '../cni/version.ts';
import { version } from '../package.json';
import type { PluginName } from './invoked-as.ts';

/** Put in by the build (build/definitions.ts); empty where it is not known. */
declare const BUILD_COMMIT: string;

/** The lines that the Go plugins print where no command is given: what it is, and which versions it speaks. */
export function about(name: PluginName): string {
  const commit = BUILD_COMMIT === '' ? '' : ` (commit ${BUILD_COMMIT})`;
  return `CNI ${name} plugin v${version}${commit}
CNI protocol versions supported: ${supportedVersions.join(', ')}`;
}

/** What `--help` prints after that. */
export const usage = `
A CNI runtime calls it: CNI_COMMAND and what goes with it are variables of the
environment, the network configuration comes on stdin, the result goes to stdout.

  --version  print the lines above
  --help     print this

A person at the node calls it cni-bridge: cni-bridge --help.`;
