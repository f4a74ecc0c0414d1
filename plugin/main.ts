import { libc } from '#libc';
import { attachmentOf } from '../cni/attachment.ts';
import { CniError, errorCode } from '../cni/error.ts';
import { formatResult } from '../cni/print-result.ts';
import type { Result } from '../cni/result.ts';
import { atLeast, formatVersions, latestVersion, type Version } from '../cni/version.ts';
import { messageOf } from '../netlink/error.ts';
import { writeText } from '../netlink/file.ts';
import { about, usage } from './about.ts';
import { type Listener, logRefusal, withLine } from './call-log.ts';
import { add } from './commands/add.ts';
import { check } from './commands/check.ts';
import { del } from './commands/del.ts';
import { gc } from './commands/gc.ts';
import { hostLocal } from './commands/host-local.ts';
import { openIpam } from './commands/ipam.ts';
import { loopback } from './commands/loopback.ts';
import { status } from './commands/status.ts';
import { type BridgeConfig, readBridgeConfig } from './config/bridge-config.ts';
import { versionForError } from './config/conf-version.ts';
import { type NetworkConfig, readHostLocalConfig, readLoopbackConfig } from './config/network-config.ts';
import { type Command, type Request, readRequest } from './config/request.ts';
import { readStdin } from './config/stdin.ts';
import { invokedAs, type PluginName } from './invoked-as.ts';
import { formatError } from './print-error.ts';

const stdout = 1;
const stderr = 2;

function warn(line: string): void {
  try {
    writeText(stderr, `${line}\n`);
  } catch {
    // A warning that nobody can read must not stop the work.
  }
}

function print(text: string): void {
  writeText(stdout, text);
}

function deliverFor(
  request: Request,
  config: NetworkConfig,
  printed: (text: string) => void = print,
): (result: Result) => void {
  // rkt 1.x expects the oldest shape, whatever the configuration says.
  const version = request.resultVersion ?? config.cniVersion;
  return (result) => printed(formatResult(result, version));
}

/** The first configuration version with a command ("Summary of changes" in SPEC.md). */
const sinceVersion: Partial<Record<Command, Version>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

/** Prints what was ignored, and refuses a command that the configuration's version doesn't have. */
function prepare(command: Command, { cniVersion, ignored }: NetworkConfig, told = warn): void {
  for (const line of ignored) told(line);
  const least = sinceVersion[command];
  if (least === undefined || atLeast(cniVersion, least)) return;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `config version does not allow ${command}: it is "${cniVersion}", ${command} needs ${least} or later`,
  );
}

type Environment = Readonly<Record<string, string | undefined>>;

const nobody: Listener = { print, warn, begin: undefined };

function answerAsBridge(request: Request, stdin: Uint8Array, environment: Environment): void {
  let config: BridgeConfig;
  try {
    config = readBridgeConfig(stdin, request);
  } catch (error) {
    logRefusal({ request, environment, stdin }, error, nobody);
    throw error;
  }
  const { debug } = config;
  if (debug === undefined) {
    runBridge(request, stdin, config, nobody);
    return;
  }
  const called = { request, environment, path: debug, network: config.name };
  withLine(called, nobody, (listener) => runBridge(request, stdin, config, listener));
}

function runBridge(request: Request, stdin: Uint8Array, config: BridgeConfig, listener: Listener): void {
  const { command } = request;
  const { warn: told, begin } = listener;
  prepare(command, config, told);
  const ipam = openIpam(config, request, stdin, told);
  const attachment = attachmentOf(config.name, request);
  const operation = { request, attachment, config, ipam, warn: told, begin };
  if (command === 'ADD') add(operation, deliverFor(request, config, listener.print));
  else if (command === 'DEL') del(operation);
  else if (command === 'CHECK') check(operation);
  else if (command === 'GC') gc(operation);
  else status(operation);
}

/** Answers as the IPAM plugin host-local, for another plugin that delegates to it. */
function answerAsHostLocal(request: Request, stdin: Uint8Array): void {
  const config = readHostLocalConfig(stdin, request);
  prepare(request.command, config);
  const ipam = openIpam(config, request, stdin, warn);
  if (ipam !== undefined) hostLocal(request.command, config, ipam, deliverFor(request, config));
}

function answerAsLoopback(request: Request, stdin: Uint8Array): void {
  const config = readLoopbackConfig(stdin, request);
  prepare(request.command, config);
  loopback(request, config, deliverFor(request, config));
}

type Answer = (request: Request, stdin: Uint8Array, environment: Environment) => void;

const answers: Readonly<Record<PluginName, Answer>> = {
  bridge: answerAsBridge,
  'host-local': answerAsHostLocal,
  loopback: answerAsLoopback,
};

/** @returns whether a person called, and has been told what this is */
function isIntroduced(environment: Environment): boolean {
  if ((environment.CNI_COMMAND ?? '') !== '') return false;
  const given = libc.args();
  const isHelp = given.includes('--help');
  // Other CNI variables without a command are a runtime's mistake.
  if (!isHelp && !given.includes('--version') && Object.keys(environment).length > 0) return false;
  warn(about(invokedAs()));
  if (isHelp) warn(usage);
  return true;
}

/**
 * Does what the runtime asks for in the environment.
 * @returns the exit status
 */
export function main(): number {
  const environment = libc.environment('CNI_');
  if (isIntroduced(environment)) return 0;
  let stdin: Uint8Array | undefined;
  try {
    const request = readRequest(environment);
    if (request.command === 'VERSION') {
      // As with the Go plugins, stdin is not waited for.
      print(`${formatVersions()}\n`);
      return 0;
    }
    stdin = readStdin();
    answers[invokedAs()](request, stdin, environment);
    return 0;
  } catch (error) {
    // If there is no memory for it, the host prints a fixed text.
    const text = formatError(error, stdin === undefined ? latestVersion : versionForError(stdin));
    try {
      print(text);
    } catch {
      // Nobody reads the error object, but the operator may read this.
      warn(messageOf(error));
    }
    return 1;
  }
}
