import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One of the compared programs, with its own configuration options. */
export interface Contender {
  /** Short, for names in the kernel: its host is the network namespace of this name. */
  readonly key: 'bridge' | 'floor' | 'pkg' | 'go' | 'go-nft';
  readonly title: string;
  readonly executable: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Arguments of the program, of which a plugin has none. */
  readonly argumentsOf?: (kind: Kind) => string[];
}

/** The networks measured; each has a bridge of its own. */
export type Kind = 'masquerade' | 'plain' | 'dual' | 'first';

/** A call: contender, network and container; index 0 is the container that stays attached. */
export interface Target {
  readonly contender: Contender;
  readonly kind: Kind;
  readonly index: number;
}

const directory = '/run/bench';
/** A thousand links in JSON take half of the default limit. */
const maxBuffer = 64 * 1024 * 1024;

/** Runs a program that must succeed. @returns what it printed */
export function run(argv: readonly string[], input: string | Buffer = ''): string {
  const [program = '', ...rest] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', input, maxBuffer });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Makes network namespaces, all in one go. */
export function makeNamespaces(names: readonly string[]): void {
  run(['ip', '-batch', '-'], names.map((name) => `netns add ${name}\n`).join(''));
}

/** Writes a file that jobs name as their standard input. @returns its path */
export function writeInput(name: string, content: unknown): string {
  mkdirSync(directory, { recursive: true });
  const path = `${directory}/${name}`;
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** The bridge of a network, which has the same name in each contender's host. */
export function bridgeOf(kind: Kind): string {
  return `b-${kind}`;
}

/** What a user would write: the same for every contender except the network's name and the contender's own options. */
export function configuration({ key, options }: Contender, kind: Kind, dataDir: string) {
  const ranges = kind === 'dual' ? [[{ subnet: '10.15.0.0/16' }], [{ subnet: 'fd15::/64' }]] : undefined;
  const routes = [{ dst: '0.0.0.0/0' }, ...(ranges === undefined ? [] : [{ dst: '::/0' }])];
  return {
    cniVersion: '1.0.0',
    name: `bench-${kind}-${key}`,
    type: 'bridge',
    bridge: bridgeOf(kind),
    isGateway: true,
    ipMasq: kind !== 'plain',
    ...options,
    ipam: {
      type: 'host-local',
      dataDir,
      ...(ranges === undefined ? { subnet: '10.15.0.0/16' } : { ranges }),
      routes,
    },
  };
}

/** The host of a contender as a path. */
export function hostOf({ key }: Contender): string {
  return `/run/netns/${key}`;
}

/** What a runtime names in a call. */
export interface Attachment {
  readonly containerID: string;
  readonly netns: string;
  readonly ifname: string;
}

/** The environment of a call, as a runtime sets it; a GC is about no attachment. */
export function environmentFor(command: string, executable: string, attachment?: Attachment): string[] {
  return [
    // Where the Go plugin finds nft and iptables.
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `CNI_COMMAND=${command}`,
    `CNI_PATH=${dirname(executable)}`,
    ...(attachment === undefined
      ? []
      : [
          `CNI_CONTAINERID=${attachment.containerID}`,
          `CNI_NETNS=${attachment.netns}`,
          `CNI_IFNAME=${attachment.ifname}`,
        ]),
  ];
}

/** The same for one of a contender's own containers. */
export function environmentOf(command: string, { contender, kind, index }: Target): string[] {
  return environmentFor(command, contender.executable, {
    containerID: `${kind}-${index}`,
    netns: `/run/netns/${contender.key}-${index}`,
    ifname: kind,
  });
}

/** The program of a call and its arguments. */
export function programOf({ contender, kind }: Target): string[] {
  return [contender.executable, ...(contender.argumentsOf?.(kind) ?? [])];
}

/** The command line of a call, in a contender's host; `through` is a program that runs it. */
export function pluginArgv(command: string, target: Target, through: readonly string[] = []): string[] {
  return ['env', '-i', ...environmentOf(command, target), ...through, ...programOf(target)];
}

/** Runs a call, or what contains one, from a host, by its name. @returns what it printed */
export function call(argv: readonly string[], host: string, config: unknown): string {
  return run(['nsenter', `--net=/run/netns/${host}`, ...argv], JSON.stringify(config));
}

/** A command with priority over everything else on the machine, if allowed ("The autogroup feature", sched(7)). */
export function firstInLine(argv: readonly string[]): string[] {
  const first = '{ echo -20 >/proc/self/autogroup; } 2>/dev/null; exec "$@"';
  return ['setsid', '--wait', 'sh', '-c', first, 'first', ...argv];
}
