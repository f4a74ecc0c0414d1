import { CniError, errorCode } from '../ipam/error.ts';
import { parseArgs, type RequestArgs } from './args.ts';

/** Of one container's interface: everything the runtime says about it. */
export interface AttachmentRequest {
  readonly command: 'ADD' | 'DEL' | 'CHECK';
  readonly containerID: string;
  /** Path of the container's network namespace; empty in a DEL whose namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** Folders in which delegates are looked for, in order. */
  readonly path: readonly string[];
  readonly args: RequestArgs;
  /** The container may share the plugin's own namespace (CNI_NETNS_OVERRIDE). */
  readonly allowHostNetns: boolean;
  /** The version rkt reads the result in, whatever the configuration says. */
  readonly resultVersion?: '0.1.0' | '0.2.0';
}

/** Of a whole network. */
export interface NetworkRequest {
  readonly command: 'GC' | 'STATUS';
  readonly path: readonly string[];
}

/** Which versions there are. */
export interface VersionRequest {
  readonly command: 'VERSION';
}

/** What the runtime asks for, told apart by `command`. */
export type Request = AttachmentRequest | NetworkRequest | VersionRequest;

/** The value of CNI_COMMAND. */
export type Command = Request['command'];

/** Environment variables as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const commands: readonly Command[] = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'];

/** In the order in which Go's plugins name what is missing. */
const required: Readonly<Record<Command, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
};

/**
 * Reads what the runtime asks for from the environment (SPEC.md 1.1.0, section 2 "Parameters").
 *
 * @throws CniError code 4: every missing variable in one error, an unknown command, or a bad value
 */
export function readRequest(env: Environment): Request {
  const command = readCommand(env.CNI_COMMAND ?? '');
  const missing = required[command].filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0) throw missingVariables(missing);

  switch (command) {
    case 'VERSION':
      return { command };
    case 'GC':
    case 'STATUS':
      return { command, path: readPath(env) };
    default:
      return readAttachment(command, env);
  }
}

function readCommand(text: string): Command {
  if (text === '') throw missingVariables(['CNI_COMMAND']);
  const command = commands.find((known) => known === text);
  if (command === undefined) throw invalid(`unknown CNI_COMMAND: ${text}`);
  return command;
}

function readAttachment(command: AttachmentRequest['command'], env: Environment): AttachmentRequest {
  const containerID = env.CNI_CONTAINERID ?? '';
  const ifname = env.CNI_IFNAME ?? '';
  requireContainerID(containerID);
  requireInterfaceName(ifname);
  const version = env.CNI_VERSION;
  return {
    command,
    containerID,
    netns: env.CNI_NETNS ?? '',
    ifname,
    path: readPath(env),
    args: parseArgs(env.CNI_ARGS ?? ''),
    allowHostNetns: /^(?:1|true)$/i.test(env.CNI_NETNS_OVERRIDE ?? ''),
    ...(version === '0.1.0' || version === '0.2.0' ? { resultVersion: version } : {}),
  };
}

/** An empty entry would mean the working directory, which is nowhere to run a program from as root. */
function readPath(env: Environment): readonly string[] {
  return (env.CNI_PATH ?? '').split(':').filter((folder) => folder !== '');
}

function requireContainerID(text: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text)) throw invalid('invalid characters in containerID', text);
}

/** The kernel's rule, `dev_valid_name` in net/core/dev.c, by which a name is at most IFNAMSIZ - 1 bytes. */
function requireInterfaceName(text: string): void {
  if (Buffer.byteLength(text) > 15) {
    throw invalid('interface name is too long', `CNI_IFNAME "${text}" should be less than 16 characters`);
  }
  if (text === '.' || text === '..') throw invalid('interface name is . or ..', `CNI_IFNAME "${text}"`);
  if (/[/:\s\u0085]/.test(text)) {
    throw invalid('interface name contains / or : or whitespace characters', `CNI_IFNAME "${text}"`);
  }
}

function missingVariables(names: readonly string[]): CniError {
  return invalid(`required env variables [${names.join(',')}] missing`);
}

function invalid(msg: string, details = ''): CniError {
  return new CniError(errorCode.invalidEnvironment, msg, details);
}
