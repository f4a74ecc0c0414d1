import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { type Host, type Outcome, outcomeOf } from './host.ts';

/** The executables under test, which all behave alike. */
export const executables = (process.env.BRIDGE_EXECUTABLES ?? 'dist/bridge dist/pkg/bridge')
  .split(' ')
  .map((path): [string, string] => [path, resolve(path)]);

/** The Go plugin, from `make reference`. */
export const reference = resolve('dist/reference/bridge');

/** How a runtime calls a plugin. */
export interface Call {
  readonly containerID?: string;
  readonly netns?: string;
  readonly ifname?: string;
  readonly conf: unknown;
  /** Added to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The program, with its arguments, that runs the executable. */
  readonly under?: readonly string[];
}

/** How a plugin is called in the host: with what, and with what on stdin. */
function invocation(
  executable: string,
  command: string,
  request: Call,
): { argv: string[]; input: string | Buffer } {
  const {
    containerID = 'c1',
    netns = '/run/netns/c1',
    ifname = 'eth0',
    conf,
    env = {},
    under = [],
  } = request;
  const all: Record<string, string | undefined> = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerID,
    CNI_NETNS: netns,
    CNI_IFNAME: ifname,
    CNI_PATH: dirname(executable),
    // The Go plugin looks there for nft and iptables; ours must not need them.
    ...(executable === reference ? { PATH: process.env.PATH } : {}),
    ...env,
  };
  const pairs = Object.entries(all).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
  const input = typeof conf === 'string' || Buffer.isBuffer(conf) ? conf : JSON.stringify(conf);
  return { argv: ['env', '-i', ...pairs, ...under, executable], input };
}

/** Calls a plugin with nothing in its environment but CNI_*, from the root directory. */
export function call(host: Host, executable: string, command: string, request: Call): Outcome {
  const { argv, input } = invocation(executable, command, request);
  return host.run(argv, { input });
}

/** Calls a plugin as {@link call} does, and others meanwhile. */
export function startCall(host: Host, executable: string, command: string, request: Call): Promise<Outcome> {
  const { argv, input } = invocation(executable, command, request);
  const child = spawn('nsenter', [...host.entering, ...argv], { env: { PATH: process.env.PATH } });
  child.stdin.end(input);
  return outcomeOf(child);
}

/** A result in the shape that versions from 0.3.0 on have. */
export interface Result {
  readonly cniVersion: string;
  readonly interfaces: { name: string; mac: string; sandbox?: string }[];
  readonly ips: { version?: string; interface: number; address: string; gateway: string }[];
  readonly routes?: { dst: string; gw?: string }[];
  readonly dns: Record<string, unknown>;
}

/** An ADD that must succeed. */
export function add(host: Host, executable: string, request: Call): Result {
  const { status, stdout, stderr } = call(host, executable, 'ADD', request);
  if (status !== 0) throw new Error(`ADD: exit ${status}\n${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** A DEL that must succeed. */
export function del(host: Host, executable: string, request: Call): void {
  const { status, stdout, stderr } = call(host, executable, 'DEL', request);
  if (status !== 0 || stdout !== '') throw new Error(`DEL: exit ${status}\n${stdout}${stderr}`);
}

/** The error object of a call that must fail, with nothing else on stdout. */
export function failure(host: Host, executable: string, command: string, request: Call) {
  const { status, stdout } = call(host, executable, command, request);
  if (status !== 1) throw new Error(`${command}: exit ${status}\n${stdout}`);
  const error: { cniVersion: string; code: number; msg: string; details?: string } = JSON.parse(stdout);
  return error;
}

/**
 * The outcome of a call that may fail: 0 with a result or nothing, 1 with one error object.
 * @throws Error if it ended in any other way
 */
export function ending({ status, stdout, stderr }: Outcome): 0 | 1 {
  const problem = (what: string) => new Error(`${what}: exit ${status}\n${stdout}\n${stderr}`);
  if (status !== 0 && status !== 1) throw problem('it died or hung');
  if (status === 0 && stdout === '') return 0;
  let answer: { code?: unknown; msg?: unknown };
  try {
    answer = JSON.parse(stdout);
  } catch {
    throw problem('no JSON');
  }
  if (status === 1 && (typeof answer.code !== 'number' || typeof answer.msg !== 'string')) {
    throw problem('no error object');
  }
  return status;
}
