import { accessSync, closeSync, constants, openSync, statSync, writeSync } from '#files';
import { libc } from '#libc';
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
  /** How long it may take, in milliseconds; {@link deadlineMilliseconds} where it is absent. */
  readonly deadline?: number;
}

/** How long a delegate may take. A DHCP server may be slow to answer; nothing is slower. */
const deadlineMilliseconds = 60_000;
/** The most that a delegate may print, in MiB. */
const outputLimit = 4;
/** O_TMPFILE (asm-generic/fcntl.h, with O_DIRECTORY): a file without a name. */
const O_TMPFILE = 0o20200000;
/** Where a file without a name may be made, the ones in memory first. */
const temporaryFolders = ['/dev/shm', '/run', '/tmp'];

/** A failure that a delegate has no words for. To one who asks for the status it says that no ADD could succeed. */
function failed(type: string, command: string, reason: string): CniError {
  const code = command === 'STATUS' ? errorCode.notAvailable : errorCode.internal;
  return new CniError(code, `IPAM plugin ${type} failed at ${command}`, reason);
}

/**
 * Where in CNI_PATH the plugin of a type is.
 * @throws CniError code 7 for a type that would leave those folders; `missing` for one that is in none of them
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
      `ipam.type: "${type}" is no plugin name`,
    );
  }
  let notExecutable: string | undefined;
  for (const folder of path) {
    const file = `${folder}/${type}`;
    try {
      if (!statSync(file).isFile()) continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      // The next folder may have it.
      if (fileErrorCode(error) === 'EACCES') notExecutable ??= file;
    }
  }
  throw new CniError(
    missing,
    `IPAM plugin "${type}" was not found`,
    notExecutable === undefined
      ? `no such executable in CNI_PATH ${path.join(':')}`
      : `${notExecutable} is not executable`,
  );
}

/** A file without a name that holds these bytes, to be read from its beginning; undefined where none can be made. */
function openTemporary(bytes: Uint8Array): number | undefined {
  for (const folder of temporaryFolders) {
    let fd: number;
    try {
      fd = openSync(folder, constants.O_RDWR | O_TMPFILE, 0o600);
    } catch {
      continue;
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes.subarray(at), at);
      return fd;
    } catch {
      // The file system is full; the next may not be.
      closeSync(fd);
    }
  }
  return undefined;
}

/**
 * Runs an IPAM plugin with the environment and the configuration that we were given; what it says on stderr goes to
 * ours.
 * @returns what it printed
 * @throws CniError the delegate's own, with its code; where it hangs, dies, or prints what is no error object 999,
 *   for STATUS 50
 */
export function runDelegate(type: string, command: string, call: DelegateCall): string {
  const file = findPlugin(
    type,
    call.path,
    command === 'STATUS' ? errorCode.notAvailable : errorCode.invalidConfig,
  );
  const deadline = call.deadline ?? deadlineMilliseconds;
  // Loaded only here: most calls run no other program.
  const { spawnSync }: typeof import('node:child_process') = require('node:child_process');
  // Node makes its pipes of sockets, which a script cannot open as /dev/stdin.
  const stdin = openTemporary(call.stdin);
  try {
    // Our caller may have left some open.
    libc.closeOnExec?.();
    const { status, signal, stdout, error } = spawnSync(file, [], {
      ...(stdin === undefined ? { input: call.stdin } : {}),
      env: { ...call.environment, CNI_COMMAND: command },
      stdio: [stdin ?? 'pipe', 'pipe', 'inherit'],
      timeout: deadline,
      killSignal: 'SIGKILL',
      maxBuffer: outputLimit * 1024 * 1024,
    });
    const errno = fileErrorCode(error);
    // A plugin need not read its stdin to the end.
    if (error !== undefined && errno !== 'EPIPE') {
      throw failed(type, command, reasonOf(errno ?? error.message, file, deadline));
    }
    if (signal !== null) throw failed(type, command, `it was killed by ${signal}`);
    const text = stdout.toString('utf8');
    if (status !== 0) throw readError(type, command, text, status);
    return text;
  } finally {
    if (stdin !== undefined) closeSync(stdin);
  }
}

function reasonOf(errno: string, file: string, deadline: number): string {
  if (errno === 'ETIMEDOUT') return `it did not end within ${deadline / 1000} s`;
  if (errno === 'ENOBUFS') return `it printed more than ${outputLimit} MiB`;
  return `${file} cannot be run: ${errno}`;
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
