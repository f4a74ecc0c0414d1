import { writeSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../cni/error.ts';
import { formatResult } from '../cni/print-result.ts';
import type { Result } from '../cni/result.ts';
import { atLeast, formatVersions, supportedVersions, type Version } from '../cni/version.ts';
import { encodeText } from '../netlink/bytes.ts';
import { add } from './commands/add.ts';
import { check } from './commands/check.ts';
import { del } from './commands/del.ts';
import { gc } from './commands/gc.ts';
import { hostLocal } from './commands/host-local.ts';
import { type Ipam, openIpam } from './commands/ipam.ts';
import { status } from './commands/status.ts';
import {
  type NetworkConfig,
  readBridgeConfig,
  readNetworkConfig,
  versionOf,
} from './config/bridge-config.ts';
import { type Command, type Request, readRequest } from './config/request.ts';
import { readStdin } from './config/stdin.ts';
import { invokedAs } from './invoked-as.ts';
import { formatError } from './print-error.ts';

const stdout = 1;
const stderr = 2;

/** Writes all of a text; a pipe may take it in parts. */
function write(fd: number, text: string): void {
  const bytes = encodeText(text);
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes.subarray(offset));
}

function warn(line: string): void {
  try {
    write(stderr, `${line}\n`);
  } catch {
    // A warning that nobody can read must not stop what it is about.
  }
}

function deliverFor(request: Request, config: NetworkConfig): (result: Result) => void {
  // rkt 1.x reads the oldest shape whatever the configuration says.
  const version = request.resultVersion ?? config.cniVersion;
  return (result) => write(stdout, formatResult(result, version));
}

/** The command's least version of the configuration ("Summary of changes" in SPEC.md). */
const sinceVersion: Partial<Record<Command, Version>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

/** Tells what a cleanup passes over, and refuses a command that the configuration's version has not. */
function prepare(command: Command, { cniVersion, ignored }: NetworkConfig): void {
  for (const line of ignored) warn(line);
  const least = sinceVersion[command];
  if (least === undefined || atLeast(cniVersion, least)) return;
  throw new CniError(
    errorCode.incompatibleVersion,
    'incompatible CNI versions',
    `configuration is "${cniVersion}", ${command} needs ${least} or later`,
  );
}

function ipamOf(config: NetworkConfig, request: Request, stdin: Uint8Array): Ipam | undefined {
  const { containerID, ifname, path } = request;
  const attachment = { network: config.name, containerID, ifname };
  return config.ipam && openIpam(config.ipam, config.cniVersion, attachment, { path, stdin }, warn);
}

/** Answers as the IPAM plugin host-local, for another plugin that delegates to it. */
function answerAsHostLocal(request: Request, stdin: Uint8Array): void {
  const config = readNetworkConfig(stdin, request);
  prepare(request.command, config);
  const ipam = ipamOf(config, request, stdin);
  if (ipam !== undefined) hostLocal(request.command, config, ipam, deliverFor(request, config));
}

function answerAsBridge(request: Request, stdin: Uint8Array): void {
  const config = readBridgeConfig(stdin, request);
  prepare(request.command, config);
  const ipam = ipamOf(config, request, stdin);
  const { command } = request;
  if (command === 'ADD') add(request, config, ipam, warn, deliverFor(request, config));
  else if (command === 'DEL') del(request, config, ipam, warn);
  else if (command === 'CHECK') check(request, config, ipam);
  else if (command === 'GC') gc(config, ipam, warn);
  else status(config, ipam);
}

/**
 * Does what the runtime asks for in the environment.
 * @returns the exit status
 */
export function main(): number {
  const name = invokedAs();
  const environment = libc.environment('CNI_');
  if ((environment.CNI_COMMAND ?? '') === '') {
    if (Object.keys(environment).length > 0) {
      write(
        stdout,
        formatError(
          new CniError(errorCode.invalidEnvironment, 'required env variables [CNI_COMMAND] missing'),
          '1.1.0',
        ),
      );
      return 1;
    }
    warn(`CNI ${name} plugin\nCNI protocol versions supported: ${supportedVersions.join(', ')}`);
    return 0;
  }
  let stdin: Uint8Array = new Uint8Array();
  try {
    const request = readRequest(environment);
    if (request.command === 'VERSION') {
      // As with the Go plugins, stdin is not waited for.
      write(stdout, `${formatVersions()}\n`);
      return 0;
    }
    stdin = readStdin();
    if (name === 'host-local') answerAsHostLocal(request, stdin);
    else answerAsBridge(request, stdin);
    return 0;
  } catch (error) {
    const text = formatError(error, stdin.length === 0 ? '1.1.0' : versionOf(stdin));
    try {
      write(stdout, text);
    } catch {
      // With nobody to read the error object, the operator may still read this.
      warn(error instanceof Error ? error.message : String(error));
    }
    return 1;
  }
}
