import { closeSync, constants, fstatSync, openSync, writeSync } from '#files';
import { libc } from '#libc';
import { isObject, type JsonObject } from '../cni/json.ts';
import { encodeText } from '../netlink/bytes.ts';
import { messageOf } from '../netlink/error.ts';
import { withoutUnknown } from './config/arguments.ts';
import { canonicalKeys, decodeConfig } from './config/json.ts';
import type { Request } from './config/request.ts';
import { asCniError } from './print-error.ts';

/** Whose value a line has under a name of its own is left out of its `environment`. */
const variables = ['CNI_PATH', 'CNI_ARGS', 'CNI_NETNS_OVERRIDE', 'CNI_VERSION'];

/** What a line tells from the beginning on. */
export interface Called {
  /** The file. */
  readonly path: string;
  /** The network's name; empty where the configuration has none. */
  readonly network: string;
  readonly request: Request;
  /** All CNI_* variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Who is told of what a call does. */
export interface Listener {
  /** Prints the result. */
  readonly print: (text: string) => void;
  /** Prints a line on stderr for the operator. */
  readonly warn: (line: string) => void;
  /** Takes note of the time at which a phase begins; undefined where nobody wants to know. */
  readonly begin: ((phase: string) => void) | undefined;
}

/** A call's line in the file that `debug` names: what was asked, how long each phase took, and how it ended. */
class CallLog {
  private readonly time = new Date();
  private readonly begun = libc.clock();
  private readonly phases: Record<string, number> = {};
  private readonly warnings: string[] = [];
  private result: unknown;
  private phase = '';
  private phaseBegun = this.begun;

  constructor(
    private readonly called: Called,
    private readonly listener: Listener,
  ) {}

  /** Begins a phase, which ends the one before it. Phases of one name count as one. */
  readonly begin = (phase: string): void => {
    const now = libc.clock();
    if (this.phase !== '') this.phases[this.phase] = (this.phases[this.phase] ?? 0) + now - this.phaseBegun;
    this.phase = phase;
    this.phaseBegun = now;
  };

  readonly warn = (line: string): void => {
    this.warnings.push(line);
    this.listener.warn(line);
  };

  readonly print = (text: string): void => {
    this.begin('answer');
    this.listener.print(text);
    this.result = JSON.parse(text);
  };

  /** Appends the line. What keeps it from being written is a warning: it must not fail the call. */
  end(error: unknown): void {
    this.begin('');
    try {
      append(this.called.path, `${JSON.stringify(this.line(error))}\n`);
    } catch (fault) {
      this.listener.warn(`debug: ${messageOf(fault)}`);
    }
  }

  private line(error: unknown): object {
    const { network, request, environment } = this.called;
    const { command, containerID, ifname, netns } = request;
    const { code, msg, details = '' } = error === undefined ? {} : asCniError(error);
    return {
      time: this.time.toISOString(),
      command,
      network: network || undefined,
      container: containerID || undefined,
      interface: ifname || undefined,
      netns: netns || undefined,
      environment: environmentOf(environment),
      ms: rounded(this.phaseBegun - this.begun),
      phases: Object.fromEntries(Object.entries(this.phases).map(([name, ms]) => [name, rounded(ms)])),
      warnings: this.warnings.length === 0 ? undefined : this.warnings,
      result: error === undefined ? this.result : undefined,
      error: error === undefined ? undefined : { code, msg, details: details || undefined },
    };
  }
}

/** To a thousandth. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

function environmentOf(environment: Called['environment']): object {
  const given = variables.flatMap((name) => {
    const value = environment[name] ?? '';
    return value === '' ? [] : [[name, name === 'CNI_ARGS' ? withoutUnknown(value) : value] as const];
  });
  return Object.fromEntries(given);
}

/** By one write, which no other comes between. What is there may be a trap: a link, a FIFO that nobody reads. */
function append(path: string, line: string): void {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file`);
    const bytes = encodeText(line);
    const written = writeSync(fd, bytes);
    if (written < bytes.length) throw new Error(`${path} had room for ${written} of ${bytes.length} bytes`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Runs a call, and appends its line whatever becomes of it.
 * @param run gets who is to be told instead of the listener
 * @throws what `run` throws
 */
export function withLine(called: Called, listener: Listener, run: (listener: Listener) => void): void {
  const log = new CallLog(called, listener);
  let failure: unknown;
  try {
    run(log);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    log.end(failure);
  }
}

/** Appends the line of a call whose configuration is refused, if its `debug` is right. */
export function logRefusal(
  { stdin, ...sent }: Pick<Called, 'request' | 'environment'> & { readonly stdin: Uint8Array },
  error: unknown,
  listener: Listener,
): void {
  const { debug, name } = readAnyway(stdin);
  if (typeof debug !== 'string' || !debug.startsWith('/')) return;
  const called = { ...sent, path: debug, network: typeof name === 'string' ? name : '' };
  new CallLog(called, listener).end(error);
}

function readAnyway(bytes: Uint8Array): JsonObject {
  try {
    const json = canonicalKeys(decodeConfig(bytes));
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}
