import { accessSync, constants } from '#files';
import { fileErrorCode } from '../netlink/error.ts';
import { CniError, errorCode } from './error.ts';
import { parseResult } from './parse-result.ts';
import type { Result } from './result.ts';

/** How another plugin is called: what the runtime gave us, passed on as it came. */
export interface DelegateCall {
  /** The folders of CNI_PATH, in order. */
  readonly path: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The configuration, byte for byte. */
  readonly stdin: Uint8Array;
}

/** How long a delegate may take. A DHCP server may be slow to answer; nothing is slower. */
const deadlineMilliseconds = 60_000;
/** The most that a delegate may print. */
const outputLimit = 4 * 1024 * 1024;

function failed(type: string, command: string, reason: string): CniError {
  return new CniError(errorCode.internal, `IPAM plugin ${type} failed at ${command}`, reason);
}

/**
 * Where in CNI_PATH the plugin of a type is.
 * @throws CniError code 7 for a type that would leave those folders or is in none of them
 */
export function findPlugin(type: string, path: readonly string[]): string {
  if (type === '' || type === '.' || type === '..' || type.includes('/')) {
    throw new CniError(
      errorCode.invalidConfig,
      'invalid configuration',
      `ipam.type: "${type}" is no plugin name`,
    );
  }
  for (const folder of path) {
    const file = `${folder}/${type}`;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // The next folder may have it.
    }
  }
  throw new CniError(
    errorCode.invalidConfig,
    `IPAM plugin "${type}" was not found`,
    `no such executable in CNI_PATH ${path.join(':')}`,
  );
}

/**
 * Runs an IPAM plugin with the environment and the configuration that we were given; what it says on stderr goes to
 * ours.
 * @returns what it printed
 * @throws CniError the delegate's own, with its code; 999 where it hangs, dies, or prints what is no error object
 */
export function runDelegate(type: string, command: string, call: DelegateCall): string {
  const file = findPlugin(type, call.path);
  // Loaded only here: most calls run no other program.
  const { spawnSync }: typeof import('node:child_process') = require('node:child_process');
  const { status, signal, stdout, error } = spawnSync(file, [], {
    input: call.stdin,
    env: { ...call.environment, CNI_COMMAND: command },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: deadlineMilliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: outputLimit,
  });
  // A plugin need not read its stdin to the end.
  if (error !== undefined && fileErrorCode(error) !== 'EPIPE') throw failed(type, command, error.message);
  const text = stdout.toString('utf8');
  if (status === 0) return text;
  if (signal !== null) throw failed(type, command, `it was killed by ${signal}`);
  throw readError(type, command, text, status);
}

function readError(type: string, command: string, text: string, status: number | null): CniError {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'code' in json && typeof json.code === 'number') {
      const msg = 'msg' in json && typeof json.msg === 'string' ? json.msg : `IPAM plugin ${type} failed`;
      const details = 'details' in json && typeof json.details === 'string' ? json.details : '';
      return new CniError(json.code, msg, details);
    }
  } catch {
    // No JSON: what there is is said below.
  }
  const printed = text.trim() === '' ? 'printed nothing' : `printed ${JSON.stringify(text.slice(0, 200))}`;
  return failed(type, command, `it exited with status ${status} and ${printed}`);
}

/**
 * Asks an IPAM plugin for addresses; one that fails is asked to take back what it may have done.
 * @throws CniError as {@link runDelegate}, and where the answer is no result
 */
export function delegateAdd(type: string, call: DelegateCall): Result {
  try {
    const text = runDelegate(type, 'ADD', call);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      const printed = text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 200));
      throw failed(type, 'ADD', `it printed ${printed}, which is no result`);
    }
    const result = parseResult(json);
    if (result.ips.length === 0) throw failed(type, 'ADD', 'its result has no address');
    return result;
  } catch (error) {
    try {
      runDelegate(type, 'DEL', call);
    } catch {
      // The first error is the one to tell.
    }
    throw error;
  }
}
