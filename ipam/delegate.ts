import { accessSync, constants, statSync } from '#files';
import { libc } from '#libc';
import { CniError, errorCode } from '../cni/error.ts';
import { parseResult } from '../cni/parse-result.ts';
import type { Result } from '../cni/result.ts';
import { decodeText } from '../netlink/bytes.ts';
import { fileErrorCode, SystemError } from '../netlink/error.ts';
import type { Ended, Program } from '../netlink/libc/libc.ts';

/** A call of another plugin, in our own environment: what the runtime gave us, passed on unchanged. */
export interface DelegateCall {
  /** The directories of CNI_PATH, in order. */
  readonly path: readonly string[];
  /** The configuration, byte for byte. */
  readonly stdin: Uint8Array;
  /** How long it may take, in milliseconds; {@link deadlineMilliseconds} by default. */
  readonly deadline?: number;
}

/** How long a delegate may take. A slow DHCP server is the worst case. */
const deadlineMilliseconds = 60_000;
/** The most that a delegate may print, in MiB. */
const outputLimit = 4;
/** The error for a delegate that fails without an error object. In a STATUS it means that no ADD could succeed. */
function failed(type: string, command: string, reason: string): CniError {
  const code = command === 'STATUS' ? errorCode.notAvailable : errorCode.internal;
  return new CniError(code, `IPAM plugin ${type} failed at ${command}`, reason);
}

/**
 * Finds a plugin in CNI_PATH by its type.
 * @throws CniError code 7 for a type that would lead out of those directories; `missing` for one that is in none of
 * them, or isn't executable
 */
export function findPlugin(
  type: string,
  path: readonly string[],
  missing: number = errorCode.invalidConfig,
): string {
  if (type === '' || type === '.' || type === '..' || type.includes('/')) {
    throw new CniError(
      errorCode.invalidConfig,
      'invalid configuration',
      `ipam.type: invalid plugin name: "${type}"`,
    );
  }
  let notExecutable: string | undefined;
  for (const directory of path) {
    const file = `${directory}/${type}`;
    try {
      if (!statSync(file).isFile()) continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      // The next directory may have it.
      if (fileErrorCode(error) === 'EACCES') notExecutable ??= file;
    }
  }
  throw new CniError(
    missing,
    `failed to find plugin "${type}" in path [${path.join(' ')}]`,
    notExecutable === undefined
      ? 'ipam.type: CNI_PATH has no such executable'
      : `${notExecutable} is not executable`,
  );
}

/**
 * Runs an IPAM plugin with our own environment and configuration; its stderr goes to ours.
 * @returns what it printed
 * @throws CniError the delegate's own, with its code; 999 (STATUS: 50) if it hangs, dies, or prints anything but an
 * error object
 */
export function runDelegate(type: string, command: string, call: DelegateCall): string {
  const file = findPlugin(
    type,
    call.path,
    command === 'STATUS' ? errorCode.notAvailable : errorCode.invalidConfig,
  );
  const deadline = call.deadline ?? deadlineMilliseconds;
  const { status, signal, stdout } = runPlugin(type, command, {
    file,
    args: [],
    variables: { CNI_COMMAND: command },
    stdin: call.stdin,
    outputLimit: outputLimit * 1024 * 1024,
    milliseconds: deadline,
    stderr: 'inherit',
  });
  if (signal !== undefined) throw failed(type, command, `it was killed by ${signal}`);
  const text = decodeText(stdout);
  if (status !== 0) throw readError(type, command, text, status);
  return text;
}

function runPlugin(type: string, command: string, program: Program): Ended {
  try {
    return libc.run(program);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw failed(type, command, reasonOf(error.errnoName, program));
  }
}

function reasonOf(errno: string, { file, milliseconds }: Program): string {
  if (errno === 'ETIMEDOUT') return `it did not end within ${milliseconds / 1000} s`;
  if (errno === 'ENOBUFS') return `it printed more than ${outputLimit} MiB`;
  return `${file} cannot be run: ${errno}`;
}

function readError(type: string, command: string, text: string, status: number | undefined): CniError {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'code' in json && typeof json.code === 'number') {
      const msg = 'msg' in json && typeof json.msg === 'string' ? json.msg : `IPAM plugin ${type} failed`;
      const details = 'details' in json && typeof json.details === 'string' ? json.details : '';
      return new CniError(json.code, msg, details);
    }
  } catch {
    // Not JSON: it is quoted below.
  }
  const printed = text.trim() === '' ? 'printed nothing' : `printed ${JSON.stringify(text.slice(0, 200))}`;
  return failed(type, command, `netplugin failed: it exited with status ${status} and ${printed}`);
}

/**
 * Calls an IPAM plugin's ADD; if it fails, calls its DEL to undo what it may have done.
 * @throws CniError as {@link runDelegate}, and if the output is not a result
 */
export function delegateAdd(type: string, call: DelegateCall): Result {
  try {
    const text = runDelegate(type, 'ADD', call);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      const printed = text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 200));
      throw failed(type, 'ADD', `it printed ${printed}, which is not a result`);
    }
    const result = parseResult(json);
    if (result.ips.length === 0) throw failed(type, 'ADD', 'its result has no address');
    return result;
  } catch (error) {
    try {
      runDelegate(type, 'DEL', call);
    } catch {
      // The first error is the one to report.
    }
    throw error;
  }
}
