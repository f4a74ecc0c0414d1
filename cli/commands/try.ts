import { closeSync } from '#files';
import { libc } from '#libc';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { atLeast } from '../../cni/version.ts';
import { encodeText, hex } from '../../netlink/bytes.ts';
import { isErrno, messageOf } from '../../netlink/error.ts';
import { readFile, readValue } from '../../netlink/file.ts';
import { type Namespace, newNamespace } from '../../netlink/namespace.ts';
import { readConfVersion } from '../../plugin/config/conf-version.ts';
import { decodeConfig } from '../../plugin/config/json.ts';
import { type Command, UsageError } from '../command.ts';
import { type PluginPart, pluginParts } from '../facts/configurations.ts';
import { type Places, readHost } from '../facts/read.ts';
import { printable, type Terminal } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';
import { Chain } from '../try/chain.ts';
import { ping, runInside, setLoopbackUp } from '../try/inside.ts';
import { newcomers, remainsOf } from '../try/remains.ts';
import { cniPath } from './validate.ts';

/** A step's outcome in words. */
interface Outcome {
  readonly words: string;
  readonly isWell: boolean;
}

/** Tells the steps, a line each, and remembers whether one has failed. */
class Steps {
  isWell = true;

  constructor(private readonly terminal: Terminal) {}

  /** Takes a step. @returns whether it went well */
  take(name: string, work: () => Outcome | string | undefined): boolean {
    const { terminal } = this;
    const begun = libc.clock();
    let outcome: Outcome | string | undefined;
    try {
      outcome = work();
    } catch (error) {
      outcome = { words: messageOf(error), isWell: false };
    }
    if (outcome === undefined) return true;
    const { words, isWell } = typeof outcome === 'string' ? { words: outcome, isWell: true } : outcome;
    const passed = `${(libc.clock() - begun).toFixed(1)} ms`;
    const said = isWell ? printable(words) : terminal.style.red(printable(words));
    terminal.print(`${terminal.style.bold(name.padEnd(9))}  ${said}  ${terminal.style.dim(passed)}\n`);
    if (!isWell) this.isWell = false;
    return isWell;
  }
}

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
  readonly places: Places;
}

function lookInside(steps: Steps, { parts, namespace, command }: Attempt, gateways: readonly string[]): void {
  setLoopbackUp(namespace);
  if (command.length > 0) {
    steps.take('command', () => runInside(namespace, command));
    return;
  }
  // Without isGateway it is somebody else's, who need not be there.
  const isOurs = parts.some(({ json }) => json.isGateway === true || json.isDefaultGateway === true);
  for (const gateway of gateways) {
    steps.take('ping', () => {
      const outcome = ping(namespace, gateway);
      if (outcome === undefined) return `${gateway}: not tried, there is no ping in PATH`;
      if (outcome.isWell || isOurs) return outcome;
      return `${outcome.words}: isGateway is not set, so that it is no address of the bridge`;
    });
  }
}

function attempt(steps: Steps, { parts, namespace, ...rest }: Attempt): void {
  const { places } = rest;
  const containerID = `cni-bridge-try-${hex(libc.randomBytes(6))}`;
  const trial = { containerID, ifname: 'eth0', netns: pathOf(namespace), cniPath: cniPath() };
  const chain = new Chain(parts, trial);
  const before = readHost(places);
  let gateways: string[] = [];
  const isAdded = steps.take('ADD', () => {
    const result = readResult(chain.add());
    gateways = result.gateways;
    return result.words;
  });
  if (isAdded) {
    steps.take('CHECK', () => {
      const version = readConfVersion(parts[0]?.json ?? {});
      if (!atLeast(version, '0.4.0')) return `not asked: cniVersion ${version} has none`;
      chain.check();
      return 'all is as the ADD made it';
    });
    lookInside(steps, { parts, namespace, ...rest }, gateways);
  }
  steps.take('DEL', () => {
    chain.delete();
    return 'taken back';
  });
  steps.take('left', () => {
    const after = readHost(places);
    const remains = remainsOf(after, containerID);
    const stays = newcomers(before, after);
    const words = remains.length === 0 ? 'nothing of the container' : remains.join(', ');
    return {
      words:
        stays.length === 0 || remains.length > 0 ? words : `${words}; for the next one: ${stays.join(', ')}`,
      isWell: remains.length === 0,
    };
  });
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
  ],
  operands: [{ name: 'FILE', completes: 'file', description: 'A .conf or .conflist.' }],
  rest: { name: 'COMMAND', description: 'What is run inside, with its arguments.' },
  options: placesOptions,
  hasJson: false,
  examples: [
    { line: 'cni-bridge try /etc/cni/net.d/10-lab.conflist', says: 'does it work?' },
    { line: 'cni-bridge try lab.conf -- curl -sI http://192.0.2.1', says: 'does a container get through?' },
    { line: 'cni-bridge try lab.conf -- sh', says: 'look around in it' },
  ],
  failure: 'a step failed, COMMAND did, or something is left.',
  run(args, terminal) {
    const [file = ''] = args.operands;
    const parts = pluginParts(decodeConfig(encodeText(readFile(file))));
    if (parts.every(({ type }) => type !== 'bridge'))
      throw new UsageError(`try: ${file} has no bridge in it`);
    const steps = new Steps(terminal);
    const namespace = openNamespace();
    try {
      attempt(steps, { parts, namespace, command: args.rest, places: placesOf(args) });
    } finally {
      closeSync(namespace.fd);
    }
    return steps.isWell ? 0 : 1;
  },
};
