import { messageOf } from '../../netlink/error.ts';
import { readFile } from '../../netlink/file.ts';
import type { CIDR } from '../../netlink/ip.ts';
import { build } from '../../plugin/about.ts';
import { type Arguments, type Command, textOption, UsageError } from '../command.ts';
import { type Conflist, checkConflist, fillIn, otherNetworks, writeConflist } from '../install/conflist.ts';
import { installExecutables, previousVersion } from '../install/executables.ts';
import { binDirOption, readyToStay, stateOf, stayOption } from '../install/options.ts';
import { parsePodCIDRs, podCIDRsIn, podCIDRsOfNode } from '../install/pod-cidr.ts';
import type { State } from '../install/state.ts';
import { conflistWords, executableWords, haveWords } from '../install/words.ts';
import { printable, type Terminal } from '../output/terminal.ts';
import { findingLine } from './validate.ts';

/** The node's subnets, from whichever option says where they are. @throws Error, UsageError */
function podCIDRs(args: Arguments): CIDR[] {
  const [list, file, node] = ['pod-cidr', 'pod-cidr-from', 'node'].map((name) => textOption(args, name));
  if ([list, file, node].filter((one) => one !== undefined).length > 1)
    throw new UsageError('--pod-cidr, --pod-cidr-from and --node exclude each other');
  if (list !== undefined) return parsePodCIDRs(list, '--pod-cidr');
  if (file !== undefined) return podCIDRsIn(readFile(file), file);
  return node === undefined ? [] : podCIDRsOfNode(node);
}

/** The options that say something of the network, without which they are nothing. */
const ofConflist = ['conf-dir', 'conf-name', 'pod-cidr', 'pod-cidr-from', 'node'];

/** What is to be written into the runtime's directory; undefined where nothing is. @throws Error, UsageError */
function conflistOf(args: Arguments): Conflist | undefined {
  const file = textOption(args, 'conflist');
  if (file === undefined) {
    const alone = ofConflist.find((name) => textOption(args, name) !== undefined);
    if (alone === undefined) return undefined;
    throw new UsageError(`--${alone} is for the network of --conflist, which is missing`);
  }
  const subnets = podCIDRs(args);
  const directory = textOption(args, 'conf-dir') ?? '/etc/cni/net.d';
  const name = textOption(args, 'conf-name') ?? '10-cni-bridge.conflist';
  if (!/^[^./][^/]*\.conflist$/.test(name)) throw new UsageError(`--conf-name: ${name} is no NAME.conflist`);
  return { directory, name, path: `${directory}/${name}`, text: fillIn(readFile(file), subnets, file) };
}

function installConflist(state: State, conflist: Conflist, terminal: Terminal): void {
  const { path } = conflist;
  const findings = checkConflist(conflist, state.binDir);
  for (const finding of findings)
    if (finding.severity !== 'note') terminal.warn(findingLine(path, finding, terminal.style));
  if (findings.some(({ severity }) => severity === 'error'))
    throw new Error(`${path} is not written: a runtime would fail with it`);
  terminal.print(`${printable(conflistWords(path, writeConflist(state, conflist)))}\n`);
  const [first] = otherNetworks(conflist);
  if (first !== undefined && first < conflist.name)
    terminal.warn(`${printable(first)} comes before it in ${conflist.directory}: runtimes take that one`);
  else if (first !== undefined)
    terminal.warn(`${printable(first)} comes after it in ${conflist.directory}: runtimes take ours`);
}

/** Which executable, under which name. @throws Error if there is no previous one */
function sourceOf(args: Arguments, state: State): readonly [path: string, version: string] {
  if (args.options.previous !== true) return ['/proc/self/exe', build];
  const version = previousVersion(state);
  if (version === undefined) throw new Error(`no previous version is kept in ${state.binDir}`);
  return [`${state.versions}/${version}`, version];
}

function install(args: Arguments, terminal: Terminal): void {
  const state = stateOf(args);
  try {
    const conflist = conflistOf(args);
    state.whileLocked(() => {
      const placed = installExecutables(state, ...sourceOf(args, state));
      terminal.print(`${printable(executableWords(state, placed))}\n`);
      if (conflist !== undefined) installConflist(state, conflist, terminal);
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Error(`${messageOf(error)}\n${haveWords(state)}`);
  }
}

export const installCommand: Command = {
  name: 'install',
  summary: 'put this executable, and a network, on a node',
  description: [
    'Puts this executable and its names into the directory of the plugins: written aside, on disk, and renamed into place, so that calls go on meanwhile and a power cut leaves the old one or the new one, whole. What has these names already is kept, and `uninstall` gives it back. One earlier version is kept as well.',
    "With --conflist, also writes that network configuration for the runtime, once `cni-bridge validate` finds nothing wrong with it. The subnets of the node, one of each family, become the ranges of its host-local: from --pod-cidr, a file, or the API server. Nobody else's file is overwritten.",
    'It is what the image runs. Doing it again changes nothing.',
  ],
  operands: [],
  options: [
    binDirOption,
    {
      name: 'conflist',
      value: 'FILE',
      completes: 'file',
      description: 'The network to write for the runtime.',
    },
    {
      name: 'conf-dir',
      value: 'DIRECTORY',
      completes: 'directory',
      description: 'Where the runtime looks for networks; /etc/cni/net.d by default.',
    },
    { name: 'conf-name', value: 'NAME', description: 'Its file there; 10-cni-bridge.conflist by default.' },
    {
      name: 'pod-cidr',
      value: 'SUBNETS',
      description: 'The subnets of the node: 10.244.1.0/24,fd00:1::/64.',
    },
    {
      name: 'pod-cidr-from',
      value: 'FILE',
      completes: 'file',
      description: "A file with them: flannel's subnet.env, the kubelet's configuration, or a list.",
    },
    {
      name: 'node',
      value: 'NAME',
      description: 'The node whose subnets kubectl is to ask the API server for.',
    },
    { name: 'previous', description: 'Put the version back that was there before this one.' },
    stayOption,
  ],
  hasJson: false,
  examples: [
    { line: 'cni-bridge install', says: 'the executables alone' },
    {
      line: 'cni-bridge install --conflist pods.conflist --pod-cidr-from /run/flannel/subnet.env',
      says: 'a network, too',
    },
  ],
  failure: 'it could not be installed; the last line says what the node has.',
  run(args, terminal) {
    const stay = readyToStay(args);
    install(args, terminal);
    stay();
    return 0;
  },
};
