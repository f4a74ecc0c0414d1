import { writeSync } from 'node:fs';
import { CniError, errorCode } from '../ipam/error.ts';
import type { Result } from '../ipam/result.ts';
import { add } from './add.ts';
import { type NetworkConfig, readBridgeConfig, readNetworkConfig, versionOf } from './config.ts';
import { del } from './del.ts';
import { hostLocal } from './host-local.ts';
import { invokedAs } from './invoked-as.ts';
import { formatError } from './print-error.ts';
import { formatResult } from './print-result.ts';
import { type Request, readRequest } from './request.ts';
import { readStdin } from './stdin.ts';
import { formatVersions, supportedVersions } from './version.ts';

const stdout = 1;
const stderr = 2;

/** Writes all of a text; a pipe may take it in parts. */
function write(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
}

function warn(line: string): void {
  write(stderr, `${line}\n`);
}

function deliverFor(request: Request, config: NetworkConfig): (result: Result) => void {
  // rkt 1.x reads the oldest shape whatever the configuration says.
  const version = request.resultVersion ?? config.cniVersion;
  return (result) => write(stdout, formatResult(result, version));
}

function notSupported(command: string): CniError {
  return new CniError(errorCode.invalidEnvironment, `CNI_COMMAND ${command} is not supported`);
}

function answer(name: string, request: Request, stdin: Uint8Array): void {
  const { command } = request;
  if (command !== 'ADD' && command !== 'DEL') throw notSupported(command);
  if (name === 'host-local') {
    const config = readNetworkConfig(stdin, request);
    hostLocal(request, config, warn, deliverFor(request, config));
    return;
  }
  const config = readBridgeConfig(stdin, request);
  for (const line of config.ignored) warn(line);
  if (command === 'ADD') add(request, config, warn, deliverFor(request, config));
  else del(request, config, warn);
}

/** @returns the exit status */
function main(): number {
  const name = invokedAs();
  if ((process.env.CNI_COMMAND ?? '') === '') {
    if (Object.keys(process.env).some((variable) => variable.startsWith('CNI_'))) {
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
    const request = readRequest(process.env);
    if (request.command === 'VERSION') {
      // As with the Go plugins, stdin is not waited for.
      write(
        stdout,
        `${formatVersions()}
`,
      );
      return 0;
    }
    stdin = readStdin();
    answer(name, request, stdin);
    return 0;
  } catch (error) {
    write(stdout, formatError(error, stdin.length === 0 ? '1.1.0' : versionOf(stdin)));
    return 1;
  }
}

process.exit(main());
