import { CniError, errorCode } from '../../cni/error.ts';
import type { Version } from '../../cni/version.ts';
import { byteLength } from '../../netlink/bytes.ts';
import { type Arguments, noArguments, readArguments } from './arguments.ts';
import { namePattern } from './generated/validate-config.ts';

const commands = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;

/** A command of the CNI specification. */
export type Command = (typeof commands)[number];

/** The runtime's request, from the environment ("Parameters" in SPEC.md). */
export interface Request {
  readonly command: Command;
  readonly containerID: string;
  /** Path of the container's network namespace; empty in a DEL without one. */
  readonly netns: string;
  readonly ifname: string;
  /** The directories of CNI_PATH, in order. */
  readonly path: readonly string[];
  readonly arguments: Arguments;
  /** Whether the plugin's own namespace may be the container's (CNI_NETNS_OVERRIDE). */
  readonly allowOwnNamespace: boolean;
  /** The version that rkt 1.x expects, whatever the configuration says (CNI_VERSION). */
  readonly resultVersion: Version | undefined;
}

/** The variables that each command needs. */
const needed: Readonly<Record<Command, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
};

function takesArguments(command: Command): boolean {
  return command === 'ADD' || command === 'CHECK';
}

/** Whether a text can name a network or a container. */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** Why a text can't name a link (dev_valid_name in the kernel); undefined if it can. */
export function linkNameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (byteLength(name) > 15) return 'is longer than 15 bytes';
  if (name === '.' || name === '..') return 'is not allowed';
  if (/[/:%\s]/.test(name)) return 'has a slash, a colon, a percent sign or white space';
  // Under /proc/sys/net these stand for all links and for new ones.
  if (name === 'all' || name === 'default') return 'is reserved by the kernel';
  return undefined;
}

function invalid(msg: string, details = ''): CniError {
  return new CniError(errorCode.invalidEnvironment, msg, details);
}

/**
 * Reads and checks the environment.
 * @throws CniError code 4 that names every missing variable at once, or the bad one and its value
 */
export function readRequest(env: Readonly<Record<string, string | undefined>>): Request {
  const name = env.CNI_COMMAND ?? '';
  if (name === '') throw invalid('required env variables [CNI_COMMAND] missing');
  const command = commands.find((one) => one === name);
  if (command === undefined)
    throw invalid(`unknown CNI_COMMAND: "${name}"`, `must be one of ${commands.join(', ')}`);
  const missing = needed[command].filter((variable) => (env[variable] ?? '') === '');
  if (missing.length > 0) throw invalid(`required env variables [${missing.join(',')}] missing`);
  const containerID = env.CNI_CONTAINERID ?? '';
  const ifname = env.CNI_IFNAME ?? '';
  if (needed[command].includes('CNI_CONTAINERID')) {
    if (!isName(containerID)) {
      throw invalid(`invalid CNI_CONTAINERID: "${containerID}"`, `must match ${namePattern.source}`);
    }
    const fault = linkNameFault(ifname);
    if (fault !== undefined) throw invalid(`invalid CNI_IFNAME: "${ifname}"`, `interface name ${fault}`);
  }
  const override = env.CNI_NETNS_OVERRIDE ?? '';
  const version = env.CNI_VERSION;
  return {
    command,
    containerID,
    netns: env.CNI_NETNS ?? '',
    ifname,
    path: (env.CNI_PATH ?? '').split(':').filter((directory) => directory !== ''),
    // No cleanup depends on them, and a delegate gets the variable unchanged.
    arguments: takesArguments(command) ? readArguments(env.CNI_ARGS ?? '') : noArguments,
    allowOwnNamespace: override === '1' || override.toLowerCase() === 'true',
    resultVersion: version === '0.1.0' || version === '0.2.0' ? version : undefined,
  };
}
