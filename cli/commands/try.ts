import { closeSync } from '#files';
import { libc } from '#libc';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { atLeast } from '../../cni/version.ts';
import { hex } from '../../netlink/bytes.ts';
import { isErrno } from '../../netlink/error.ts';
import { readFile, readValue } from '../../netlink/file.ts';
import { type Namespace, newNamespace } from '../../netlink/namespace.ts';
import { readConfVersion } from '../../plugin/config/conf-version.ts';
import { type Command, UsageError } from '../command.ts';
import { decodeFile, networksOf, type PluginPart, pluginParts } from '../facts/configurations.ts';
import type { ConfiguredNetwork } from '../facts/raw.ts';
import { type Places, readHost } from '../facts/read.ts';
import { formatJson } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';
import { Chain } from '../try/chain.ts';
import { ping, runInside, setLoopbackUp } from '../try/inside.ts';
import { newcomers, remainsOf } from '../try/remains.ts';
import { printStep, type Step, Steps, well } from '../try/steps.ts';
import { cniPath } from './validate.ts';

function texts(list: unknown, read: (item: JsonObject) => unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const value = isObject(item) ? read(item) : undefined;
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
}

/** What an ADD's result says, in words, and its gateways. Results below 0.3.0 have one address of a family. */
function readResult(result: JsonObject): { words: string; gateways: string[] } {
  const flat = [result.ip4, result.ip6];
  const addresses = [...texts(result.ips, ({ address }) => address), ...texts(flat, ({ ip }) => ip)];
  const gateways = [...texts(result.ips, ({ gateway }) => gateway), ...texts(flat, ({ gateway }) => gateway)];
  const links = texts(result.interfaces, ({ name }) => name);
  const words = [addresses.join(' ') || 'no address', links.length === 0 ? '' : `on ${links.join(', ')}`];
  return { words: words.filter((one) => one !== '').join(' '), gateways };
}

/** Path by which other processes open a descriptor of ours. */
function pathOf({ fd }: Namespace): string {
  const pid = readValue('/proc/self/stat').split(' ')[0] ?? '';
  return `/proc/${pid}/fd/${fd}`;
}

/** What is tried. */
interface Attempt {
  readonly parts: readonly PluginPart[];
  readonly namespace: Namespace;
  /** What is run inside; empty for a ping of the gateways. */
  readonly command: readonly string[];
  /** Whether the command has our own streams, or what it prints is caught. */
  readonly streams: 'foreground' | 'capture';
  readonly places: Places;
  /** What `parts` configure. */
  readonly networks: readonly ConfiguredNetwork[];
}

function lookInside(steps: Steps, { parts, namespace, ...rest }: Attempt, gateways: readonly string[]): void {
  setLoopbackUp(namespace);
  if (rest.command.length > 0) {
    steps.take('command', () => runInside(namespace, rest.command, rest.streams));
    return;
  }
  // Without isGateway it is somebody else's, who need not be there.
  const isOurs = parts.some(({ json }) => json.isGateway === true || json.isDefaultGateway === true);
  for (const gateway of gateways) {
    steps.take('ping', () => {
      const outcome = ping(namespace, gateway);
      if (outcome === undefined) return well(`${gateway}: not tried, there is no ping in PATH`);
      if (outcome.isWell || isOurs) return outcome;
      return well(`${outcome.words}: isGateway is not set, so that it is no address of the bridge`);
    });
  }
}

function attempt(steps: Steps, one: Attempt): void {
  const { parts, namespace, networks, places } = one;
  const containerID = `cni-bridge-try-${hex(libc.randomBytes(6))}`;
  const trial = { containerID, ifname: 'eth0', netns: pathOf(namespace), cniPath: cniPath() };
  const chain = new Chain(parts, trial);
  const before = readHost(places, networks);
  let gateways: string[] = [];
  const isAdded = steps.take('ADD', () => {
    const result = chain.add();
    const read = readResult(result);
    gateways = read.gateways;
    return well(read.words, { result });
  });
  if (isAdded) {
    steps.take('CHECK', () => {
      const version = readConfVersion(parts[0]?.json ?? {});
      if (!atLeast(version, '0.4.0')) return well(`not asked: cniVersion ${version} has none`);
      chain.check();
      return well('all is as the ADD made it');
    });
    lookInside(steps, one, gateways);
  }
  steps.take('DEL', () => {
    chain.delete();
    return well('taken back');
  });
  steps.take('left', () => {
    const after = readHost(places, networks);
    const attachment = { network: networks[0]?.name ?? '', containerID, ifname: trial.ifname };
    const remains = remainsOf(after, attachment);
    if (remains.length > 0) return { words: remains.join(', '), isWell: false, more: { remains } };
    const stays = newcomers(before, after);
    const nothing = 'nothing of the container';
    return well(stays.length === 0 ? nothing : `${nothing}; for the next one: ${stays.join(', ')}`, {
      stays,
    });
  });
}

/** A step as JSON has it. */
function flat({ more, ...step }: Step): JsonObject {
  return { ...step, ...more };
}

function openNamespace(): Namespace {
  try {
    return newNamespace();
  } catch (error) {
    if (isErrno(error, 'EPERM'))
      throw new Error('try needs root: it makes a network namespace (CAP_SYS_ADMIN)');
    throw error;
  }
}

export const tryCommand: Command = {
  name: 'try',
  summary: 'ADD, CHECK and DEL a configuration in a throwaway namespace',
  description: [
    'Connects a container that is none: a new network namespace, gone with the command. Calls the plugins of FILE as a runtime would, the bridge by this very executable: ADD, CHECK, then COMMAND inside with your terminal or, without one, a ping of each gateway, then DEL; and looks whether anything is left.',
    'The network is the real one: the bridge is made where it is missing, an address is leased for as long as it takes. The bridge and the directory of leases stay, as after any DEL.',
    'With --json the steps are printed at the end: each with its name, what was said of it, whether it went well, and how long it took; the ADD with its result, COMMAND with what it printed, which then has no terminal.',
  ],
  operands: [{ name: 'FILE', completes: 'file', description: 'A .conf or .conflist.' }],
  rest: { name: 'COMMAND', description: 'What is run inside, with its arguments.' },
  options: placesOptions,
  hasJson: true,
  examples: [
    { line: 'cni-bridge try /etc/cni/net.d/10-lab.conflist', says: 'does it work?' },
    { line: 'cni-bridge try lab.conf -- curl -sI http://192.0.2.1', says: 'does a container get through?' },
    { line: 'cni-bridge try lab.conf -- sh', says: 'look around in it' },
  ],
  failure: 'a step failed, COMMAND did, or something is left.',
  run(args, terminal) {
    const [file = ''] = args.operands;
    const parts = pluginParts(decodeFile(readFile(file)));
    if (parts.every(({ type }) => type !== 'bridge'))
      throw new UsageError(`try: ${file} has no bridge in it`);
    const isJson = args.options.json === true;
    const steps = new Steps((step) => {
      if (!isJson) printStep(step, terminal);
    });
    const namespace = openNamespace();
    try {
      attempt(steps, {
        parts,
        namespace,
        command: args.rest,
        streams: isJson ? 'capture' : 'foreground',
        places: placesOf(args),
        networks: networksOf(file, parts),
      });
    } finally {
      closeSync(namespace.fd);
    }
    if (isJson) terminal.print(formatJson({ file, isWell: steps.areWell, steps: steps.taken.map(flat) }));
    return steps.areWell ? 0 : 1;
  },
};
