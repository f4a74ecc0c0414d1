import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One of the plugins compared, with what its configuration has of its own. */
export interface Contender {
  /** Short, for names in the kernel: its host is the network namespace of this name. */
  readonly key: 'bridge' | 'pkg' | 'go' | 'go-nft';
  readonly title: string;
  readonly executable: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The networks measured; each has a bridge of its own. */
export type Kind = 'masquerade' | 'plain' | 'dual' | 'first';

/** Who is called, for which network and container; an index of 0 is the container that stays attached. */
export interface Target {
  readonly contender: Contender;
  readonly kind: Kind;
  readonly index: number;
}

const folder = '/run/bench';

/** Runs a program that must succeed. @returns what it printed */
export function run(argv: readonly string[], input: string | Buffer = ''): string {
  const [program = '', ...rest] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', input });
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
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${name}`;
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** The bridge of a network, which has the same name in each contender's host. */
export function bridgeOf(kind: Kind): string {
  return `b-${kind}`;
}

/** What a user would write: the same for every contender but for the network's name and the contender's own options. */
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

/** The container of a contender as a path. */
export function containerOf({ key }: Contender, index: number): string {
  return `/run/netns/${key}-${index}`;
}

/** The environment of a call, as a runtime sets it. */
export function environmentOf(command: string, { contender, kind, index }: Target): string[] {
  return [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `CNI_COMMAND=${command}`,
    `CNI_CONTAINERID=${kind}-${index}`,
    `CNI_NETNS=${containerOf(contender, index)}`,
    `CNI_IFNAME=${kind}`,
    `CNI_PATH=${dirname(contender.executable)}`,
  ];
}

/** The command line of a call, in a contender's host. */
export function pluginArgv(command: string, target: Target): string[] {
  return ['env', '-i', ...environmentOf(command, target), target.contender.executable];
}

/** Runs a call, or what contains one, from a contender's host. @returns what it printed */
export function call(argv: readonly string[], contender: Contender, config: unknown): string {
  return run(['nsenter', `--net=${hostOf(contender)}`, ...argv], JSON.stringify(config));
}

/** A command before whatever else the machine does, where this is allowed ("The autogroup feature", sched(7)). */
export function firstInLine(argv: readonly string[]): string[] {
  const first = '{ echo -20 >/proc/self/autogroup; } 2>/dev/null; exec "$@"';
  return ['setsid', '--wait', 'sh', '-c', first, 'first', ...argv];
}
