import { type Arguments, type Option, textOption } from './command.ts';
import { type Places, usualPlaces } from './facts/read.ts';

/** Where the configurations are. */
export const confDirOption: Option = {
  name: 'conf-dir',
  value: 'DIRECTORY',
  completes: 'directory',
  description: 'Network configurations; /etc/cni/net.d by default.',
};

/** Where to look, for commands that read the host. */
export const placesOptions: readonly Option[] = [
  confDirOption,
  {
    name: 'data-dir',
    value: 'DIRECTORY',
    completes: 'directory',
    description:
      "Directories of leases; /var/lib/cni/networks by default. Each configuration's dataDir comes in addition.",
  },
];

/** The places that the options say. */
export function placesOf(args: Arguments): Places {
  const dataDir = textOption(args, 'data-dir');
  return {
    confDir: textOption(args, 'conf-dir') ?? usualPlaces.confDir,
    dataDirs: dataDir === undefined ? usualPlaces.dataDirs : [dataDir],
  };
}
